"""A fact is on the page as soon as its wake-up message comes, and who floods issues delays nobody else."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.dashboards import CHAINS, Stage, healthy, said
from support.recorded import case_of
from support.world import SECOND

from sre_space.analysis.diagnosis.tables import Change
from sre_space.codec.symptom_report import encode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.dashboard.answers.base import SourceState
from sre_space.dashboard.answers.incident import Kept
from sre_space.dashboard.following.record import AT_ONCE_NS
from sre_space.dashboard.reading.decision import you_may
from sre_space.dashboard.reading.examined import Examined
from sre_space.dashboard.reading.fact_rows import Material
from sre_space.dashboard.reading.header import sources
from sre_space.dashboard.reading.incident import incident
from sre_space.ports.bus import Record


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def test_a_wake_up_brings_the_fact_that_the_forge_has_by_then(stage: Stage) -> None:
    number = stage.open("issue-23", 2)
    await stage.look()
    whole = CHAINS["issue-23"].comments
    stage.forge.written[number].append(whole[2])
    begun = stage.time.now()
    await stage.record.wake(number, whole[2].id)
    stage.watching.publish()

    assert stage.time.now() - begun <= 0.3 * SECOND
    assert f"{number}/{whole[2].id}" in stage.hub.panels["feed"].rows
    assert stage.hub.panels["loops"].order == (str(number),)
    await stage.blocks.close()


async def test_a_wake_up_of_anybody_about_nothing_ends(stage: Stage) -> None:
    await stage.look()
    await stage.record.wake(99_999, 5)
    await stage.record.wake(1, 10**9)

    assert stage.time.now() - stage.record.heard.at < 5 * SECOND
    await stage.blocks.close()


async def test_what_has_not_changed_is_not_read_again(stage: Stage) -> None:
    await stage.look()
    before = dict(stage.record.states)
    await stage.record.poll()

    assert all(stage.record.states[number] is state for number, state in before.items())
    await stage.blocks.close()


async def test_an_issue_that_takes_long_to_read_is_read_a_tenth_of_the_time(stage: Stage) -> None:
    number = stage.open("issue-01", 2)
    await stage.look()
    state = stage.record.states[number]
    state.due = stage.time.now() + AT_ONCE_NS + 10 * SECOND
    stage.forge.written[number].append(CHAINS["issue-01"].comments[2])
    await stage.record.wake(number, CHAINS["issue-01"].comments[2].id)
    assert stage.record.states[number] is state
    stage.time.time += 11 * SECOND
    await stage.record.poll()

    assert stage.record.states[number] is not state
    await stage.blocks.close()


async def test_one_slow_reading_does_not_delay_the_next_fact(stage: Stage) -> None:
    number = stage.open("issue-01", 2)
    comments = CHAINS["issue-01"].comments
    stage.forge.fails = stage.slow
    await stage.look()
    assert stage.record.states[number].due > stage.time.now() + 2 * SECOND
    stage.forge.fails = lambda: False
    stage.forge.written[number].append(comments[2])
    begun = stage.time.now()
    await stage.record.wake(number, comments[2].id)

    assert stage.record.states[number].issue.comments == 3
    assert stage.time.now() - begun <= 0.3 * SECOND
    await stage.blocks.close()


async def test_a_forge_that_is_away_is_said_and_what_was_read_stays(stage: Stage) -> None:
    await stage.look()
    stage.forge.down = True
    await stage.record.poll()
    known = stage.watching.known()

    assert sources(known).record.state is SourceState.AWAY
    assert len(known.cases) == len([name for name in CHAINS if name.startswith("issue")]) - 1
    await stage.blocks.close()


async def test_only_what_scout_signed_for_this_repository_is_a_report(stage: Stage) -> None:
    now = stage.time.now()
    value, headers = encode(said(now, healthy(now)), stage.scout)
    foreign, signed = encode(replace(said(now + 1), repository="other/one"), stage.scout)
    records = [
        Record(SYMPTOM_REPORTS, 0, place, now, *content)
        for place, content in enumerate([(b"nonsense",), (value.replace(b"0.61", b"0.99"),), (foreign,)])
    ]
    reports = stage.watching.reports
    for record, found in zip(records, ({}, headers, signed), strict=True):
        await reports.take(replace(record, headers=found))
    assert not stage.watching.known().fresh
    await reports.take(Record(SYMPTOM_REPORTS, 0, 9, now, value, b"", headers))

    assert stage.watching.known().fresh
    await stage.blocks.close()


async def test_every_fact_of_the_record_is_shown_with_its_signature_checked(stage: Stage) -> None:
    await stage.look()
    answer = await stage.dashboard.facts.incident(1, "")

    assert len(answer.facts) == len(case_of(CHAINS["issue-01"]).chain)
    assert all(fact.signature_ok and fact.chained and fact.key for fact in answer.facts)
    assert answer.kept.why.startswith("the bundle")
    assert answer.chain_why.startswith("the examined data is gone")
    await stage.blocks.close()


async def test_the_changes_of_the_hour_before_are_those_that_the_diagnosis_looked_at(stage: Stage) -> None:
    await stage.look()
    case = stage.watching.known().case(1)
    assert case is not None
    change = Change("c0ffee", case.opened - 60 * SECOND, "quote-service", "deployment", "set a limit", "-a\n+b")
    other = replace(change, service="user-service")
    found = Examined(Kept(bundle="b", kept=True), changes=(change, other))

    known = incident(stage.watching.known(), Material(case, examined=found), you_may(case, None, 0)).changes
    gone = incident(stage.watching.known(), Material(case), you_may(case, None, 0))

    assert [(one.text, one.services, one.diff) for one in known] == [
        ("set a limit", ("quote-service", "user-service"), "-a\n+b")
    ]
    assert gone.changes == ()
    await stage.blocks.close()


async def test_gone_traces_are_said_to_be_gone(stage: Stage) -> None:
    await stage.look()
    answer = await stage.dashboard.traces.traces(1)

    assert (answer.source, answer.traces) == ("gone", ())
    assert "gone" in answer.why
    await stage.blocks.close()


async def test_ten_thousand_comments_of_strangers_on_one_incident_hide_no_fact(stage: Stage) -> None:
    await stage.look()
    forge = stage.watching.record.incidents.forge
    for number in range(10_000):
        await forge.comment(1, f"me too {number}")
    await stage.look()
    flooded, other = await stage.dashboard.facts.incident(1, ""), await stage.dashboard.facts.incident(2, "")

    assert len(flooded.facts) == len(case_of(CHAINS["issue-01"]).chain)
    assert all(fact.signature_ok for fact in (*flooded.facts, *other.facts))
    await stage.blocks.close()
