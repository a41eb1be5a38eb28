"""What is told on the topic `changes` parses, or is malformed: whatever anybody writes there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.limits import limited

from sre_space.codec.changes import AnnouncedDeployment, deployment_of
from sre_space.codec.desired_limits import desired_limits, memory_files
from sre_space.domain.bounds import MAX_NAME
from sre_space.domain.errors import Malformed

TOLD = {"id": "c0ffee", "phase": "started", "time": 7, "service": "a,b", "files": ["a.env"], "summary": "Tune"}
NAMES = st.sampled_from([*TOLD, "previous", "kind"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=6,
)


@given(st.binary(max_size=300) | JSON.map(lambda told: json.dumps(told).encode()))
def test_any_record_is_a_deployment_or_malformed(record: bytes) -> None:
    try:
        told = deployment_of(record)
    except Malformed:
        return
    texts = (told.commit, told.phase, told.summary, told.previous, *told.services, *told.files)
    assert all(isinstance(text, str) for text in texts)
    assert "" not in told.services
    assert isinstance(told.at, int)


@pytest.mark.parametrize(
    "endless",
    [{"id": "c" * 600_000}, {"service": "a," * 5000}, {"service": "a" * 5000}, {"files": ["f"] * 5000},
     {"previous": "p" * 5000}],
)  # fmt: skip
def test_a_deployment_without_end_is_malformed_and_a_long_subject_is_cut(endless: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        deployment_of(json.dumps(TOLD | endless).encode())
    assert len(deployment_of(json.dumps(TOLD | {"summary": "s" * 600_000}).encode()).summary) == MAX_NAME


@given(NAMES, JSON)
def test_any_value_in_place_of_a_good_one_is_a_deployment_or_malformed(name: str, value: object) -> None:
    try:
        told = deployment_of(json.dumps(TOLD | {name: value}).encode())
    except Malformed:
        return
    assert isinstance(told, AnnouncedDeployment)


def test_a_deployment_names_what_was_deployed_before_it() -> None:
    told = deployment_of(json.dumps(TOLD | {"previous": "babe"}).encode())

    assert told == AnnouncedDeployment("c0ffee", "started", 7, ("a", "b"), ("a.env",), "Tune", "babe")
    assert deployment_of(json.dumps(TOLD).encode()).previous == ""


@pytest.mark.parametrize("record", [b"[" * 100_000, b'{"id": 1, "phase": "done", "time": 1e400}', b"\xff\xfe", b"7"])
def test_a_record_that_would_end_a_careless_reader_is_malformed(record: bytes) -> None:
    with pytest.raises(Malformed):
        deployment_of(record)


def test_a_limit_beyond_all_numbers_is_none() -> None:
    services = [limited("a", "x.env", "A"), limited("b", "x.env", "B"), limited("c", "x.env", "C"), limited("d")]

    assert desired_limits(services, {"x.env": f"A={'9' * 5000}\nB=6\nB=7\n"}) == {"b": 7}
    assert memory_files(services) == ("x.env",)
