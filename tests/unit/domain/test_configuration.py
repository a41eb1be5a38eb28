"""Editing desired state: one key at a time, comments and order untouched, and there and back again byte for byte."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.git_world import keys_of
from support.limits import limited

from sre_space.codec.desired_values import already_applied, applied, edits_between
from sre_space.domain.configuration import Edit, Place, value_of
from sre_space.domain.errors import Conflict, Malformed
from sre_space.domain.remedies import Restart, RevertChange, SetConfig, inverse, name_in
from sre_space.domain.space_config import Guardrails, SpaceConfig, Tunable, ValueType

FILE = "deploy/config/quote-service.env"
TEXT = "# How long.\nTIMEOUT=2.0\n\n# How often.\nATTEMPTS=1\nTIMEOUT_OF_OTHERS=7\n"
KEYS = st.text("ABC_", min_size=1, max_size=3).filter(lambda key: not key.isdigit())
VALUES = st.text("abc012= #", max_size=5).map(str.strip)
LINES = st.one_of(st.sampled_from(["", "# words", "#A=1"]), st.tuples(KEYS, VALUES).map("=".join))


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files as people write them; each key once."""
    lines = draw(st.lists(LINES, max_size=8, unique_by=lambda line: line.partition("=")[0] or line))
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("place", "whose"),
    [
        ("deploy/config/quote-service.env:ATTEMPTS", "quote-service"),
        ("deploy/config/space.env:QUOTE_MEMORY", "quote-service"),
        ("deploy/config/space.env:EU_REPLICAS", "quote-service-eu"),
        ("deploy/config/quote-service.env:EU_POOL", "quote-service-eu"),
        ("deploy/config/space.env:QUOTE", ""),
        ("deploy/config/traffic.env:QUOTE_MEMORY", ""),
        ("deploy/config/../quote-service.env:ATTEMPTS", ""),
    ],
)
def test_a_place_is_of_the_service_that_declares_it_or_whose_file_it_is_in(place: str, whose: str) -> None:
    quote = limited("quote-service", "deploy/config/space.env", "QUOTE_MEMORY")
    pool = Tunable("EU_POOL", quote.file, ValueType.INTEGER, "connections")
    replicas = Place("deploy/config/space.env", "EU_REPLICAS")
    services = [quote, replace(limited("quote-service-eu"), tunables=(pool,), replicas=replicas)]
    limits = Guardrails((), 1, 1.0, 1, 1)
    config = SpaceConfig("space", {one.name: one for one in services}, (), limits)

    assert config.owner(place) == whose


def test_one_key_changes_and_nothing_else() -> None:
    after = applied({FILE: TEXT}, [Edit(FILE, "TIMEOUT", "2.0", "0.5")], {})[FILE]

    assert after == TEXT.replace("TIMEOUT=2.0", "TIMEOUT=0.5")


def test_a_new_key_comes_last_and_goes_again_without_a_trace() -> None:
    there = Edit(FILE, "FALLBACK", None, "on")
    after = applied({FILE: TEXT}, [there], {})

    assert after[FILE] == f"{TEXT}FALLBACK=on\n"
    assert applied(after, [there.inverse], {})[FILE] == TEXT


def test_a_key_that_is_not_as_expected_is_a_conflict_that_names_it() -> None:
    with pytest.raises(Conflict, match=r"quote-service.env:ATTEMPTS is 1, not 2"):
        applied({FILE: TEXT}, [Edit(FILE, "ATTEMPTS", "2", "3")], {})
    with pytest.raises(Conflict, match=r"NEW is \(not set\), not 1"):
        applied({}, [Edit(FILE, "NEW", "1", "2")], {})


def test_a_key_that_is_there_twice_is_never_guessed_at() -> None:
    with pytest.raises(Malformed, match="A is set 2 times"):
        value_of("A=1\nA=2\n", "A")


@given(files(), KEYS, VALUES)
def test_every_edit_and_its_inverse_give_the_same_bytes_back(text: str, key: str, value: str) -> None:
    edit = Edit(FILE, key, value_of(text, key), value)
    after = applied({FILE: text}, [edit], {})

    assert value_of(after[FILE], key) == value
    assert already_applied(after, [edit], {})
    back = applied(after, [edit.inverse], {})[FILE]
    assert back == text
    others = [one for one in text.splitlines() if one.partition("=")[0] != key]
    assert [line for line in after[FILE].splitlines() if line.partition("=")[0] != key] == others


@given(files(), files())
def test_the_edits_between_two_files_lead_from_one_to_the_others_values(before: str, after: str) -> None:
    edits = edits_between({FILE: before}, {FILE: after}, {})
    reached = applied({FILE: before}, edits, {}).get(FILE, before)

    assert {key: value_of(reached, key) for key in keys_of(reached)} == {
        key: value_of(after, key) for key in keys_of(after)
    }
    assert not edits_between({FILE: before}, {FILE: before}, {})


def test_each_remedy_has_its_inverse_or_plainly_none() -> None:
    change = SetConfig("quote-service", FILE, "ATTEMPTS", "1", "5", "errors")
    revert = RevertChange("quote-service", "c0ffee", (Edit(FILE, "A", "2", "1"), Edit(FILE, "B", None, "x")), "why")

    assert inverse(Restart("quote-service", "1:1", "crash"), "abc") is None
    back = inverse(change, "abc")
    assert back is not None
    assert back.edits == (Edit(FILE, "ATTEMPTS", "5", "1"),)
    again = inverse(revert, "abc")
    assert isinstance(again, RevertChange)
    assert (again.commit, again.edits) == ("abc", (Edit(FILE, "B", "x", None), Edit(FILE, "A", "1", "2")))
    assert name_in(change.command) == change.name
    assert name_in(revert.command) == revert.name
