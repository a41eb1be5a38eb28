"""Right before it changes anything, Fixer asks what Scout sees: signed, and not older than five seconds."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.evidence import Topics
from support.world import REPOSITORY, SECOND, Fault, Key, Trust, World, diagnosis

from sre_space.agents.fixer.symptoms import SymptomReports, SymptomState
from sre_space.codec.symptom_report import SymptomReport, decode, encode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.errors import Malformed, Unavailable
from sre_space.domain.facts import Action, ActionResult, Agent
from sre_space.domain.pauses import ClockPair, Pauses
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.feeds.publishing import ReportPublisher
from sre_space.ports.bus import Record

NOW = 1_000 * SECOND
DECIDED = NOW - SECOND
SLOW = Symptom(SymptomKind.LATENCY, "policy-service", "slow", 0.5, 0.01, NOW)
SEEN = SymptomReport(REPOSITORY, NOW, (SLOW.key,), False)
KEYS = {name: Key(name) for name in ("scout", "brain")}


class Now:
    """A clock that stands."""

    def now(self) -> int:
        """Unix ns."""
        return NOW

    async def sleep(self, seconds: float) -> None:
        """Return at once."""

    def pauses(self) -> Pauses:
        """None since long ago."""
        return replace(Pauses.of_start(ClockPair(0, 0)), read=ClockPair(NOW, NOW))


def state_of(*told: tuple[SymptomReport, str], symptom: Symptom = SLOW) -> SymptomState:
    """Return the state that Fixer derives for a symptom from these signed reports, a second after the decision."""
    topics = Topics()
    for symptom_report, signer in told:
        value, headers = encode(symptom_report, KEYS[signer])
        topics.add(SYMPTOM_REPORTS, NOW, value, headers)
    return asyncio.run(SymptomReports(topics, Trust(KEYS), REPOSITORY, Now()).state_of(symptom, DECIDED))


NOTHING = replace(SEEN, seen=())
EARLIER = replace(NOTHING, at=DECIDED)
BLIND = replace(NOTHING, blind=True)
OUT = Symptom(SymptomKind.INFRASTRUCTURE, "policy-service", "no answer", 3.0, 0.5, NOW)


@pytest.mark.parametrize(
    ("told", "symptom", "expected"),
    [
        ([SEEN], SLOW, SymptomState.HOLDS),
        ([SEEN, NOTHING], SLOW, SymptomState.HOLDS),  # seen within the five seconds
        ([NOTHING], SLOW, SymptomState.GONE),
        ([EARLIER, NOTHING], SLOW, SymptomState.GONE),
        ([EARLIER], SLOW, SymptomState.UNKNOWN),  # the look was before the symptom
        ([BLIND], SLOW, SymptomState.UNKNOWN),
        ([NOTHING, BLIND], SLOW, SymptomState.UNKNOWN),  # what was before it went blind is no evidence of now
        ([BLIND], OUT, SymptomState.GONE),  # a probe needs neither telemetry nor bus
        ([replace(NOTHING, unknown=(SLOW.identity,))], SLOW, SymptomState.UNKNOWN),  # a Scout that was started anew
        ([replace(NOTHING, unknown=("latency/x",))], SLOW, SymptomState.GONE),
        ([replace(SEEN, seen=(f"{SLOW.key}/server GET /",))], SLOW, SymptomState.HOLDS),  # it watches the service
        ([SEEN], replace(SLOW, detector="latency/y/client GET"), SymptomState.HOLDS),  # another one joins it
        ([replace(SEEN, seen=("latency/y/client GET",))], replace(SLOW, detector="latency/y/client GET"),
         SymptomState.HOLDS),  # its own, whomever it accuses
        ([replace(SEEN, seen=(f"{SLOW.key}/server GET /",))], replace(SLOW, detector="latency/y/client GET"),
         SymptomState.GONE),
        ([], SLOW, SymptomState.UNKNOWN),
        ([replace(SEEN, at=NOW - 6 * SECOND)], SLOW, SymptomState.UNKNOWN),
        ([replace(NOTHING, at=NOW - 6 * SECOND)], SLOW, SymptomState.UNKNOWN),
        ([replace(SEEN, repository="somebody/else")], SLOW, SymptomState.UNKNOWN),
    ],
)  # fmt: skip
def test_only_what_scout_saw_within_five_seconds_counts(
    told: list[SymptomReport], symptom: Symptom, expected: SymptomState
) -> None:
    assert state_of(*((one, "scout") for one in told), symptom=symptom) is expected


@pytest.mark.parametrize("symptom_report", [SEEN, NOTHING])
def test_what_another_agent_signed_is_no_evidence(symptom_report: SymptomReport) -> None:
    assert state_of((symptom_report, "brain")) is SymptomState.UNKNOWN


def forged(change: Callable[[Record], Record]) -> Record:
    """Return an authentic record after this change to it."""
    value, headers = encode(SEEN, KEYS["scout"])
    return change(Record(SYMPTOM_REPORTS, 0, 0, NOW, value, headers=headers))


@pytest.mark.parametrize(
    "change",
    [
        lambda record: replace(record, headers={}),
        lambda record: replace(record, headers={**record.headers, "sre-signature": b"00" * 64}),
        lambda record: replace(record, headers={**record.headers, "sre-signature": "é".encode("latin-1")}),
        lambda record: replace(record, headers={**record.headers, "sre-key": b"nobody"}),
        lambda record: replace(record, value=record.value.replace(b"policy", b"quote-")),
        lambda record: replace(record, value=b"[" * 100_000),
    ],
)
def test_a_forged_sighting_is_malformed(change: Callable[[Record], Record]) -> None:
    with pytest.raises(Malformed):
        decode(forged(change), Trust(KEYS))


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_no_bytes_are_more_than_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        decode(Record(SYMPTOM_REPORTS, 0, 0, NOW, value), Trust(KEYS))


@given(
    st.builds(
        SymptomReport,
        st.text(max_size=40),
        st.integers(0, 2**63 - 1),
        st.lists(st.text(max_size=40), max_size=5).map(tuple),
        st.booleans(),
    )
)
def test_what_is_told_is_read_as_it_was_told(symptom_report: SymptomReport) -> None:
    value, headers = encode(symptom_report, KEYS["scout"])
    assert decode(Record(SYMPTOM_REPORTS, 0, 0, NOW, value, headers=headers), Trust(KEYS)) == symptom_report


FALLBACK = Fault(SymptomKind.LATENCY, "quote-service", lambda values: values["RISK_FALLBACK"] != "standard")


async def slow(world: World) -> int:
    """Open an incident for a slow network, let Brain decide on a fallback, and return the issue's number."""
    world.git.person_commits("deploy/config/quote-service.env", "ONLINE_LIMIT", "RISK_FALLBACK=none\nONLINE_LIMIT")
    world.faults = [FALLBACK]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SLOW_NETWORK)
    for _ in range(40):
        await world.clock.sleep(0.25)
    number = await world.report(SymptomKind.LATENCY, "quote-service")
    await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    return number


async def test_what_is_over_before_it_is_acted_on_changes_nothing() -> None:
    world = World()
    number = await slow(world)
    world.faults = []
    await world.clock.sleep(6)

    case = await world.play(number, 300)

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.CLEARED
    assert "latency/quote-service does not hold any more" in action.detail
    assert world.git.requests == {}
    assert case.recovered


async def test_while_scout_is_silent_nothing_is_changed_and_when_it_speaks_again_the_work_goes_on() -> None:
    world = World()
    number = await slow(world)
    world.scout_tells = False
    await world.clock.sleep(6)
    for _ in range(20):
        await world.turn(number, Agent.FIXER)
        await world.clock.sleep(0.25)
    assert world.git.requests == {}
    assert (await world.case(number)).latest(Action) is None

    world.scout_tells = True
    case = await world.play(number, 300)

    assert case.recovered
    assert len(world.git.requests) == 1


async def test_a_look_from_before_the_decision_does_not_say_that_the_symptom_is_gone() -> None:
    world = World()
    world.scout_tells = False
    number = await slow(world)
    early = SymptomReport(REPOSITORY, (await world.case(number)).last.at, (), False)
    value, headers = encode(early, world.keys["scout"])
    world.bus.add(SYMPTOM_REPORTS, world.clock.now(), value, headers)
    await world.turn(number, Agent.FIXER)
    assert (await world.case(number)).latest(Action) is None

    world.scout_tells = True
    case = await world.play(number, 300)

    assert case.recovered
    assert [action.result for action in case.payloads if isinstance(action, Action)] == [ActionResult.DONE]


class Bus:
    """Takes what is published, unless it is away."""

    def __init__(self, clock: Now) -> None:
        self.topics, self.clock, self.away = Topics(), clock, False

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Keep."""
        if self.away:
            raise Unavailable("the bus is away")
        self.topics.add(topic, self.clock.now(), value, headers)

    async def close(self) -> None:
        """Nothing to release."""


@pytest.mark.parametrize("away", [False, True])
async def test_scout_tells_what_its_newest_look_shows(away: bool) -> None:
    world = World()
    world.dead = {"policy-service"}
    for _ in range(8):
        await world.clock.sleep(0.25)
    bus = Bus(Now())
    bus.away = away

    sightings = ReportPublisher(world.detectors, bus, world.keys["scout"], REPOSITORY, world.clock, world.reporter)
    await sightings.publish_report()

    told = [decode(record, world.trust) for record in bus.topics.records.get(SYMPTOM_REPORTS, [])]
    expected = SymptomReport(
        REPOSITORY, world.detectors.active_symptoms.evaluated_at, ("infrastructure/policy-service",), False
    )
    assert [replace(one, report=None) for one in told] == ([] if away else [expected])
    assert [one.report for one in told] == ([] if away else [world.reporter.report])
