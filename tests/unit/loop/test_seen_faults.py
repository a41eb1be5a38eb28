"""From a fault in the telemetry to a closed incident: real detectors, the real engine, real remedies, virtual time."""

from support.seen_world import HEALTHY, LEARNT_S, MS, SeenWorld, Sick
from support.world import DESIRED, QUOTE_FILE, SECOND

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.facts import Decision
from sre_space.domain.remedies import Remedy, RevertChange
from sre_space.domain.symptoms import SymptomKind


async def learnt() -> SeenWorld:
    world = SeenWorld()
    await world.go(LEARNT_S)
    assert not world.scout.detections()
    return world


def decided(case: Case) -> tuple[str, CauseKind, Confidence]:
    """Whom and what the first decision accuses, and how sure."""
    decision = next(one for one in case.payloads if isinstance(one, Decision))
    first = decision.diagnosis.causes[0]
    return first.service, first.kind, decision.diagnosis.verdict


def first_remedy(case: Case) -> Remedy:
    return case.trials[0].action.remedy


def never(_: int) -> bool:
    return False


async def test_a_slow_way_to_a_service_is_seen_named_and_gone_round() -> None:
    world = await learnt()
    world.sick = Sick(way_ms=600)

    case = await world.case_of(await world.found())

    assert case.detection.symptoms[0].kind is SymptomKind.LATENCY
    assert decided(case) == ("policy-service", CauseKind.SLOW_NETWORK, Confidence.CONFIRMED)
    assert first_remedy(case).edits[0].key == "RISK_FALLBACK"
    assert case.trials[0].helped
    assert max(world.book.usual(world.clock.now() - 10 * SECOND, world.clock.now(), never).values()) < 100 * MS


async def test_failing_requests_are_seen_named_and_asked_again() -> None:
    world = await learnt()
    world.sick = Sick(fails=0.4)

    case = await world.case_of(await world.found())

    assert case.detection.symptoms[0].kind is SymptomKind.ERROR
    assert decided(case)[:2] == ("policy-service", CauseKind.ERROR)
    assert first_remedy(case).edits[0].key == "DOWNSTREAM_ATTEMPTS"
    count = await world.journey(30)
    assert count.bad <= 0.1 * (count.good + count.bad)  # 0.4 to the power of five, and what chance makes of it


async def test_a_bad_commit_is_seen_named_and_reverted() -> None:
    world = await learnt()
    bad = world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=250000", "ONLINE_LIMIT=0")

    case = await world.case_of(await world.found())

    remedy = first_remedy(case)
    assert isinstance(remedy, RevertChange)
    assert remedy.commit == bad
    assert world.git.main()[QUOTE_FILE].decode() == DESIRED[QUOTE_FILE]
    assert case.recovered
    assert not case.is_open


async def test_what_is_gone_before_anybody_acts_changes_nothing() -> None:
    world = await learnt()
    world.sick = Sick(fails=0.4)
    number = await world.found()
    world.sick = HEALTHY
    await world.go(60)

    case = await world.case_of(number)

    assert not any(one.action.changed for one in case.trials)
    assert world.git.main() == {path: text.encode() for path, text in DESIRED.items()}
    assert world.restarts == []


async def test_a_healthy_application_is_left_alone() -> None:
    world = SeenWorld()
    for _ in range(300):
        await world.go(1)
        assert not world.scout.detections()
