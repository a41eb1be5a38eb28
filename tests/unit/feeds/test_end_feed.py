"""What the runtime says of ends is a symptom at once; what is doubtful is left to the probes."""

from dataclasses import dataclass, field

from support.world import SECOND, OwnClock, World

from sre_space.agents.scout.health import FAILURES_TO_FIRE, ServiceHealth
from sre_space.domain.facts import Agent
from sre_space.feeds.end_feed import MAX_AGE_NS, EndFeed
from sre_space.ports.probe import Health
from sre_space.ports.runtime import UNSEEN, Died, Started

POLICY = "policy-service"


@dataclass
class Feed:
    """A feed over the detectors of a world that was healthy for a while."""

    world: World = field(default_factory=World)
    calls: int = 0

    def __post_init__(self) -> None:
        """Wire it."""
        self.world.detectors.resume(self.clock.pauses())
        self.feed = EndFeed(self.world.config.services, self.world.board, self.clock, self._ended)
        for _ in range(4):
            self.world.clock.time += SECOND // 4
            self.world.live()

    def _ended(self) -> None:
        self.calls += 1

    @property
    def clock(self) -> OwnClock:
        """Scout's."""
        return self.world.clocks[Agent.SCOUT]

    @property
    def health(self) -> ServiceHealth:
        """The state of the service."""
        return self.world.board[POLICY]

    def started(self, incarnation: str = "1:1", instance: str = "") -> None:
        """Start it."""
        self.feed.take(Started(POLICY, incarnation, self.world.clock.now(), instance))

    def died(self, incarnation: str = "1:1", planned: bool = False, instance: str = "", ago_ns: int = 0) -> None:
        """End it."""
        at = self.world.clock.now() - ago_ns
        self.feed.take(Died(POLICY, incarnation, at, None if planned else -9, planned, "", instance))


async def test_an_end_opens_the_incident_without_any_probe_and_says_whose_word_it_is() -> None:
    feed = Feed()
    feed.started()
    feed.world.dead.add(POLICY)
    feed.died()

    number = await feed.world.look()
    (symptom,) = (await feed.world.case(number)).detection.symptoms
    assert (symptom.service, symptom.detail) == (POLICY, "the runtime says ended, exit code -9")
    assert (symptom.since, symptom.limit) == (feed.world.clock.now(), 0.0)
    assert "exit code -9\n" in (await feed.world.forge.issue(number)).body
    assert feed.calls == 1


def test_an_end_is_answered_by_probes_alone() -> None:
    feed = Feed()
    feed.died()
    ended = feed.world.clock.now()

    feed.health.update(Health(True, True, "200", 0.0), ended - 1)  # sent before the end
    assert (feed.health.firing, feed.health.successes) == (True, 0)
    for number in (1, 2):
        assert feed.health.firing
        feed.health.update(Health(True, True, "200", 0.0), ended + number)
    assert not feed.health.firing


def test_the_probes_that_fail_after_an_end_are_of_the_same_outage() -> None:
    feed = Feed()
    feed.died()
    since = feed.health.failing_since
    for number in range(1, FAILURES_TO_FIRE + 1):
        feed.health.update(Health(False, False, "no connection", 0.0), since + number * SECOND)

    assert (feed.health.failing_since, feed.health.detail, feed.calls) == (since, "no connection", 1)


def test_an_outage_that_probes_find_later_has_their_threshold_again() -> None:
    feed = Feed()
    feed.died()
    assert feed.health.tolerated_s == 0.0
    ended = feed.world.clock.now()
    for number in (1, 2):
        feed.health.update(Health(True, True, "200", 0.0), ended + number)
    for number in range(3, 3 + FAILURES_TO_FIRE):
        feed.health.update(Health(False, False, "no connection", 0.0), ended + number)

    assert (feed.health.firing, feed.health.tolerated_s) == (True, 0.5)


def test_a_planned_stop_is_no_death_and_the_probes_find_what_stays_away() -> None:
    feed = Feed()
    feed.started()
    feed.died(planned=True)
    assert not feed.health.firing

    for number in range(1, FAILURES_TO_FIRE + 1):
        feed.health.update(Health(False, False, "no connection", 0.0), feed.world.clock.now() + number)
    assert feed.health.firing


def test_an_old_end_and_one_from_before_a_pause_are_left_to_the_probes() -> None:
    feed = Feed()
    feed.died(ago_ns=MAX_AGE_NS + 1)
    assert not feed.health.firing

    feed.world.stop(Agent.SCOUT)
    died_at = feed.world.clock.now() + SECOND
    feed.world.clock.time += 2 * SECOND
    feed.world.go_on()
    feed.feed.take(Died(POLICY, "1:1", died_at, -9, False))
    assert not feed.health.firing


def test_the_end_of_one_instance_while_another_runs_is_left_to_the_probes() -> None:
    feed = Feed()
    feed.started("1:1", "policy-1")
    feed.started("2:1", "policy-2")
    feed.died("1:1", instance="policy-1")
    assert not feed.health.firing

    feed.died("2:1", instance="policy-2")
    assert feed.health.firing


def test_the_end_of_another_incarnation_than_the_one_that_runs_is_none() -> None:
    feed = Feed()
    feed.started("2:1")
    feed.died("1:1")
    assert not feed.health.firing

    feed.died(f"2{UNSEEN}")  # which nobody saw
    assert feed.health.firing


def test_an_end_in_the_future_is_dated_now_and_a_stranger_is_nobody() -> None:
    feed = Feed()
    feed.feed.take(Died("stranger", "1:1", feed.world.clock.now(), -9, False))
    assert feed.calls == 0

    feed.died(ago_ns=-60 * SECOND)
    assert feed.health.failing_since == feed.world.clock.now()


def test_a_flood_is_one_outage_and_keeps_nothing() -> None:
    feed = Feed()
    for number in range(10_000):
        feed.started(f"{number}:1", f"policy-{number}")
        feed.died(f"{number}:1", instance=f"policy-{number}")

    assert feed.calls == 1
    assert feed.feed.running == {POLICY: {}}
