"""A note leaves the house: it is scrubbed, short, and cannot be told from outside what to look like."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.world import World

from sre_space.domain.case import Case
from sre_space.domain.facts import Decision, Detection
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.text.notes import MAX_TEXT, MAX_TITLE, frozen_note, needs_person_note, unrecorded_note

DETECTION = Detection("k", (), {}, JourneyCount(0, 0, 0, 0))


@given(st.text(), st.text())
def test_no_mention_no_reference_and_no_second_line_of_title_survives(service: str, detail: str) -> None:
    symptom = Symptom(SymptomKind.ERROR, service, detail, 0.5, 0.1, 0)
    note = unrecorded_note(replace(DETECTION, symptoms=(symptom,)), detail)

    assert "@" not in note.title + note.text
    assert not any(f"#{digit}" in note.title + note.text for digit in "0123456789")
    assert len(note.title.splitlines()) == 1


def test_secrets_and_addresses_are_removed() -> None:
    symptom = Symptom(SymptomKind.ERROR, "quote-service", "jane.doe@example.org ghp_abcdefghijklmnop1234", 0.5, 0.1, 0)

    note = unrecorded_note(replace(DETECTION, symptoms=(symptom,)), "sk-abcdefghijklmnop1234")

    assert "[address removed] [token removed]" in note.text
    assert "the incident: [token removed]." in note.text


async def test_a_note_is_cut_to_what_a_service_takes_and_keeps_why_and_where() -> None:
    symptom = Symptom(SymptomKind.ERROR, "quote-service" * 20, "long " * 2000, 0.5, 0.1, 0)
    case = await _case()
    head = case.chain[0]
    case = replace(
        case, frozen_reason="a fact is gone",
        chain=(replace(head, fact=replace(head.fact, payload=replace(DETECTION, symptoms=(symptom,)))),),
    )  # fmt: skip

    note = frozen_note(case, "")

    assert (len(note.title), len(note.text)) == (MAX_TITLE, MAX_TEXT)
    assert "a fact is gone. The agents do nothing more about it." in note.text
    assert "\n\nThe incident: `sre-space show 1`" in note.text


async def test_what_telemetry_said_cannot_leave_its_fence() -> None:
    case = await _case()
    decision = case.latest(Decision)
    assert decision is not None
    report = "policy-service is down (```[click](http://evil.example)) \r# now"
    evil = replace(decision, diagnosis=replace(decision.diagnosis, report=report))
    head = case.chain[-1]

    case = replace(case, chain=(*case.chain[:-1], replace(head, fact=replace(head.fact, payload=evil))))
    told = needs_person_note(case, evil, "").text

    assert "```text\npolicy-service is down ('''[click](http://evil.example))  # now\n```\n" in told


async def _case() -> Case:
    """One with a decision."""
    world = World(halted_now=True)
    world.dead = {"policy-service"}
    return await world.play(await world.detect(), 10)
