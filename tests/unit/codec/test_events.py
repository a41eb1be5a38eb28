"""A business event says when it happened and has its key where the configuration says."""

import pytest

from sre_space.codec.events import event_key, event_time
from sre_space.domain.errors import Malformed

DATA = b'{"order": {"id": 7, "name": "a b"}, "sold": true}'


def test_the_time_is_the_events_own() -> None:
    assert event_time({"ce_time": b"1970-01-01T00:00:02Z"}) == 2 * 10**9
    for headers in ({}, {"ce_time": b"soon"}):
        with pytest.raises(Malformed, match="a CloudEvent without a time"):
            event_time(headers)


@pytest.mark.parametrize(
    ("place", "key"), [("key", "k"), ("header:order", "h"), ("data:order.id", "7"), ("data:order.name", "a b")]
)
def test_the_key_is_where_the_configuration_says(place: str, key: str) -> None:
    assert event_key(place, b"k", {"order": b"h"}, DATA) == key


@pytest.mark.parametrize("place", ["header:other", "data:order.other", "data:order", "data:sold", "data:order.id.x"])
def test_an_event_without_its_key_is_malformed(place: str) -> None:
    with pytest.raises(Malformed):
        event_key(place, b"k", {}, DATA)


@pytest.mark.parametrize("value", [b"", b"\xff", b"[" * 100_000, b"7"])
def test_data_that_is_no_json_object_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        event_key("data:a", b"", {}, value)
