"""What anybody on the bus announces: it silences no detector but where main moved, and each try is counted.

On virtual time, with the repository in memory.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.amounts import amount
from support.announcing import announcement, deployed, listening, pushed
from support.world import SECOND, World

from sre_space.agents.scout.deployment_verifier import DEPLOYED, NOT_ON_MAIN, UNTOUCHED
from sre_space.domain.configuration import FOLDER
from sre_space.feeds.announcements import DONE, HELD_AGAIN_NS, HELD_NS, MAX_WAITING, TOO_MANY, Announcements

POLICY, QUOTE, USER = "policy-service", "quote-service", "user-service"
EVERYBODY = f"{POLICY},{QUOTE},{USER}"


@dataclass
class Bus:
    """A Scout that has seen three deployments, the last one of policy-service, and a branch that was never merged."""

    world: World = field(default_factory=lambda: World(deployer=False))
    shas: dict[str, str] = field(default_factory=dict)

    async def begun(self) -> Announcements:
        """Everything is deployed."""
        world, git = self.world, self.world.git
        self.shas = {"first": git.heads["main"], "junk": "f00", "main": "main", "HEAD": "HEAD", "": ""}
        ours = listening(world)
        for name, service in (("old", USER), ("older head", QUOTE), ("head", POLICY)):
            self.shas[name] = pushed(world, service, 6)
            await deployed(world, ours, self.shas[name], service)
        await git.create_branch("mallory", self.shas["head"])
        files = {f"{FOLDER}/{service}.env": "DATABASE_POOL_SIZE=1\n" for service in EVERYBODY.split(",")}
        self.shas["branch"] = await git.commit_files("mallory", files, "mine", self.shas["head"])
        await world.clock.sleep(600)
        return ours


def played(story: Callable[[Bus, Announcements], Coroutine[None, None, None]]) -> Bus:
    """After the three deployments."""
    bus = Bus()

    async def told() -> None:
        await story(bus, await bus.begun())

    asyncio.run(told())
    return bus


async def detected_after(world: World, seconds: float) -> bool:
    """Return whether Scout would open an incident within so many seconds from now."""
    found = []
    for _ in range(int(seconds * 4)):
        await world.clock.sleep(0.25)
        found += world.scout.detections()
    return bool(found)


@pytest.mark.parametrize(
    ("commit", "services", "reason"),
    [
        ("junk", EVERYBODY, NOT_ON_MAIN),
        ("", EVERYBODY, NOT_ON_MAIN),
        ("main", EVERYBODY, NOT_ON_MAIN),
        ("HEAD", EVERYBODY, NOT_ON_MAIN),
        ("branch", EVERYBODY, NOT_ON_MAIN),
        ("first", EVERYBODY, DEPLOYED),
        ("old", USER, DEPLOYED),
        ("older head", QUOTE, DEPLOYED),
        ("head", POLICY, DEPLOYED),
    ],
)
def test_an_outage_under_a_forged_or_replayed_announcement_is_detected_as_always(
    commit: str, services: str, reason: str
) -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        ours.take(announcement(bus.world, bus.shas[commit], services, previous=bus.shas["first"]))
        bus.world.dead = {POLICY, QUOTE, USER} & set(services.split(","))
        await ours.confirm()
        assert await detected_after(bus.world, 0.75)
        assert bus.world.reporter.void == [reason]

    played(story)


def test_the_announcement_of_a_commit_excuses_only_whom_it_touches() -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        sha = pushed(bus.world, USER, 7)
        ours.take(announcement(bus.world, sha, f"{QUOTE},; reboot,../user-service", previous=bus.shas["first"]))
        await ours.confirm()
        assert len(bus.world.detectors.inhibitions.work()) == 3
        ours.take(announcement(bus.world, sha, EVERYBODY, previous=bus.shas["first"]))
        await ours.confirm()
        assert bus.world.detectors.inhibitions.work()[-1].services == {USER}
        bus.world.dead = {POLICY}
        assert await detected_after(bus.world, 0.75)
        assert bus.world.reporter.void == [UNTOUCHED] * 2

    played(story)


@pytest.mark.parametrize("after_s", [5, 40, 900])
def test_a_replay_opens_no_window_again_after_its_deployment_was_done(after_s: int) -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        genuine = announcement(bus.world, pushed(bus.world, QUOTE, 7), QUOTE)
        ours.take(genuine)
        await ours.confirm()
        if after_s == 5:  # later it is over without anybody's word
            ours.take(announcement(bus.world, bus.world.git.heads["main"], QUOTE, DONE))
            await ours.confirm()
        await bus.world.clock.sleep(after_s)
        planned = list(bus.world.detectors.inhibitions.work())
        ours.take(announcement(bus.world, bus.world.git.heads["main"], QUOTE))
        await ours.confirm()
        assert bus.world.detectors.inhibitions.work() == planned
        assert bus.world.reporter.void == [DEPLOYED]

    played(story)


def test_with_a_forge_that_is_slow_a_forger_gains_five_seconds_a_minute() -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        world, begun = bus.world, bus.world.clock.now()
        world.git.down = True
        world.dead = {POLICY}
        missed = 0
        while world.clock.now() < begun + HELD_AGAIN_NS:
            ours.take(announcement(world, "f00", POLICY))
            missed += not world.scout.detections()
            await world.clock.sleep(0.25)
        assert missed * SECOND // 4 <= HELD_NS

    played(story)


def test_a_forged_announcement_costs_the_genuine_one_after_it_nothing() -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        for number in range(MAX_WAITING - 2):
            ours.take(announcement(bus.world, f"{number}", EVERYBODY))
        sha = pushed(bus.world, POLICY, 7)
        ours.take(announcement(bus.world, sha, ""))  # forged: it takes the services out of it
        ours.take(announcement(bus.world, sha, POLICY))
        bus.world.dead = {POLICY}
        await ours.confirm()
        assert not await detected_after(bus.world, 10)
        assert bus.world.git.log.count("commit") == 6 + 1  # one look at main for all

    played(story)


def test_of_a_flood_the_most_is_noise_and_it_ends() -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        for number in range(MAX_WAITING + 50):
            ours.take(announcement(bus.world, f"{number}", EVERYBODY))
        assert len(ours.waiting) == MAX_WAITING
        await ours.confirm()
        void = bus.world.reporter.void
        assert (void.count(TOO_MANY), void.count(NOT_ON_MAIN)) == (50, MAX_WAITING)
        assert not bus.world.detectors.inhibitions.work(confirmed=False)

    played(story)


@pytest.mark.parametrize("at", [0, 1, 2**62])
def test_the_time_that_a_record_claims_widens_no_window(at: int) -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        now, sha = bus.world.clock.now(), pushed(bus.world, POLICY, 7)
        ours.take(announcement(bus.world, sha, POLICY, at=at))
        await ours.confirm()
        window = bus.world.detectors.inhibitions.work()[-1]
        assert now - 30 * SECOND <= window.since <= now
        assert window.until == now + 30 * SECOND

    played(story)


@pytest.mark.parametrize("commit", ["junk", "old", "branch"])
def test_the_end_of_another_deployment_ends_none(commit: str) -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        ours.take(announcement(bus.world, pushed(bus.world, POLICY, 7), POLICY))
        ours.take(announcement(bus.world, bus.shas[commit], POLICY, DONE))
        await ours.confirm()
        assert bus.world.detectors.inhibitions.work()[-1].until == bus.world.clock.now() + 30 * SECOND

    played(story)


NAMES = st.sampled_from(["first", "old", "older head", "head", "branch", "junk", "main", "HEAD", ""])
SERVICES = st.sampled_from([POLICY, QUOTE, USER, "; reboot", "../x", ""])
FORGED = st.tuples(NAMES, NAMES, st.lists(SERVICES, max_size=4), st.booleans(), st.integers(0, 2**62))


@given(st.lists(FORGED, min_size=1, max_size=12))
@settings(max_examples=amount(60, 15), deadline=None)
def test_while_main_stays_as_it_is_nothing_that_anybody_announces_excuses_anything(
    forged: list[tuple[str, str, list[str], bool, int]],
) -> None:
    async def story(bus: Bus, ours: Announcements) -> None:
        inhibitions, world = bus.world.detectors.inhibitions, bus.world
        before = list(inhibitions.work())
        for commit, previous, services, done, at in forged:
            phase = DONE if done else "started"
            told = announcement(world, bus.shas[commit], ",".join(services), phase, bus.shas[previous], at)
            ours.take(told)
            await ours.confirm()
        assert [(one.since, one.services) for one in inhibitions.work()] == [
            (one.since, one.services) for one in before
        ]
        assert all(one.until <= old.until for one, old in zip(inhibitions.work(), before, strict=True))
        assert not inhibitions.work(confirmed=False)
        assert len(world.reporter.void) == sum(not done for *_, done, _ in forged)

    played(story)
