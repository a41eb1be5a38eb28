"""What a deployer announces is believed in time, whatever it covers and however slowly Git answers."""

import asyncio
from collections.abc import Callable, Coroutine

from support.announcing import announcement, deployed, listening, pushed
from support.world import QUOTE_FILE, SECOND, World

from sre_space.agents.scout.deployment_verifier import DEPLOYED, NOT_ON_MAIN, UNTOUCHED
from sre_space.domain.configuration import SPACE_FILE
from sre_space.feeds.announcements import DEPLOYMENT_NS, DONE, HELD_NS, SETTLED_NS, Announcements

POLICY, QUOTE, USER = "policy-service", "quote-service", "user-service"
Story = Callable[[World, Announcements], Coroutine[None, None, None]]


def played(story: Story) -> World:
    """In a world whose deployments the story announces itself."""
    world = World(deployer=False)
    asyncio.run(story(world, listening(world)))
    return world


def inhibited(world: World) -> list[set[str]]:
    """Return the services of each confirmed deployment, in progress or ended."""
    return [set(window.services) for window in world.detectors.inhibitions.work()]


def test_a_deployment_is_excused_from_its_announcement_to_its_end() -> None:
    async def story(world: World, ours: Announcements) -> None:
        begun, sha = world.clock.now(), pushed(world, POLICY, 6)
        await deployed(world, ours, sha, POLICY)

        (window,) = world.detectors.inhibitions.work()
        assert (window.since, window.until) == (begun, begun + 2 * SECOND + SETTLED_NS)
        assert window.services == {POLICY}

    assert not played(story).reporter.void


def test_git_is_asked_four_things_about_a_deployment_and_two_about_none() -> None:
    async def story(world: World, ours: Announcements) -> None:
        sha = pushed(world, POLICY, 6)
        ours.take(announcement(world, sha, POLICY))
        await ours.confirm()
        ours.take(announcement(world, "f00", f"{POLICY},{QUOTE},{USER}"))
        await ours.confirm()

    calls = played(story).git.log  # `commits` is not in the log: one each time
    assert (calls.count("commit"), calls.count("read_file")) == (2, 2)


def test_while_git_is_slow_nothing_is_opened_and_its_answer_excuses_what_was_before_it() -> None:
    async def story(world: World, ours: Announcements) -> None:
        sha, world.git.down = pushed(world, POLICY, 6), True
        ours.take(announcement(world, sha, POLICY))
        world.dead = {POLICY}
        for _ in range(16):
            await world.clock.sleep(0.25)
            assert not world.scout.detections()
        assert world.detectors.inhibitions.excuse(world.clock.now())  # of what the error budget alerts
        world.git.down = False
        await ours.confirm()
        for _ in range(40):
            await world.clock.sleep(0.25)
            assert not world.scout.detections()

    assert not played(story).reporter.void


def test_a_forge_that_stays_away_hides_an_outage_for_five_seconds() -> None:
    async def story(world: World, ours: Announcements) -> None:
        begun, sha, world.git.down = world.clock.now(), pushed(world, POLICY, 6), True
        ours.take(announcement(world, sha, POLICY))
        world.dead = {POLICY}
        while not world.scout.detections():
            await world.clock.sleep(0.25)
        assert world.clock.now() == begun + HELD_NS

    played(story)


def test_git_is_asked_until_it_answers() -> None:
    async def story(world: World, ours: Announcements) -> None:
        sha, world.git.down, sleep = pushed(world, POLICY, 6), True, world.clock.sleep

        async def waits(seconds: float) -> None:
            await sleep(seconds)
            world.git.down = world.clock.now() < 1_000_003 * SECOND

        world.clock.sleep = waits  # type: ignore[method-assign]
        begun = world.clock.now()
        ours.take(announcement(world, sha, POLICY))
        await ours.confirm()
        (window,) = world.detectors.inhibitions.work()
        assert window.since == begun

    assert not played(story).reporter.void


def test_a_memory_limit_restarts_the_service_that_it_names_and_a_count_of_replicas_nobody() -> None:
    async def story(world: World, ours: Announcements) -> None:
        sha = world.git.person_commits(SPACE_FILE, "BYTES=400", "BYTES=500")
        await deployed(world, ours, sha, POLICY)
        other = world.git.person_commits(SPACE_FILE, "REPLICAS=1", "REPLICAS=2")
        await deployed(world, ours, other, "", sha)
        assert not world.reporter.void
        assert ours.latest is not None
        assert ours.latest.commit == other
        last = world.git.person_commits(SPACE_FILE, "REPLICAS=2", "REPLICAS=3")
        await deployed(world, ours, last, POLICY, other)

    world = played(story)
    assert inhibited(world) == [{POLICY}]
    assert world.reporter.void == [UNTOUCHED]


def test_a_deployment_covers_what_was_refused_before_it() -> None:
    async def story(world: World, ours: Announcements) -> None:
        first = pushed(world, USER, 6)
        await deployed(world, ours, first, USER)
        world.git.person_commits(QUOTE_FILE, "ATTEMPTS=1", "ATTEMPTS=one")  # which is refused
        await world.clock.sleep(7200)
        await deployed(world, ours, pushed(world, POLICY, 6), f"{POLICY},{QUOTE}", first)

    world = played(story)
    assert inhibited(world) == [{USER}, {POLICY, QUOTE}]
    assert not world.reporter.void


def test_a_scout_that_knows_no_deployment_believes_as_to_what_one_covers_but_not_beyond_a_day() -> None:
    async def story(world: World, _: Announcements) -> None:
        first = pushed(world, USER, 6)
        await world.clock.sleep(25 * 3600)
        pushed(world, QUOTE, 6)
        await world.clock.sleep(7200)
        last = pushed(world, POLICY, 6)
        for previous in (first, "", "f00"):
            await deployed(world, listening(world), last, f"{POLICY},{QUOTE},{USER}", previous)

    world = played(story)
    assert inhibited(world) == [{POLICY, QUOTE}] * 3
    assert world.reporter.void == [UNTOUCHED] * 3


def test_after_a_deployment_that_was_not_told_the_next_covers_both() -> None:
    async def story(world: World, ours: Announcements) -> None:
        await deployed(world, ours, pushed(world, USER, 6), USER)
        lost = pushed(world, QUOTE, 6)
        await world.clock.sleep(60)
        await deployed(world, ours, pushed(world, POLICY, 6), POLICY, lost)

    assert not played(story).reporter.void


def test_a_deployer_that_was_killed_tells_again_and_is_believed_but_not_for_longer() -> None:
    async def story(world: World, ours: Announcements) -> None:
        pushed(world, QUOTE, 6)
        begun, sha = world.clock.now(), pushed(world, POLICY, 6)
        for services in (POLICY, f"{POLICY},{QUOTE}"):
            ours.take(announcement(world, sha, services))
            await ours.confirm()
            await world.clock.sleep(3)
        (window,) = world.detectors.inhibitions.work()
        assert (window.since, window.until) == (begun, begun + DEPLOYMENT_NS)
        ours.take(announcement(world, sha, QUOTE, DONE))
        await ours.confirm()

    world = played(story)
    assert inhibited(world) == [{POLICY, QUOTE}]
    assert not world.reporter.void


def test_what_was_not_finished_is_finished_by_the_deployment_of_the_next_commit() -> None:
    async def story(world: World, ours: Announcements) -> None:
        ours.take(announcement(world, pushed(world, QUOTE, 6), QUOTE))
        await ours.confirm()
        await deployed(world, ours, pushed(world, POLICY, 6), f"{POLICY},{QUOTE}")

    assert not played(story).reporter.void


def test_main_that_a_person_sets_back_is_deployed_again() -> None:
    async def story(world: World, ours: Announcements) -> None:
        first = pushed(world, POLICY, 6)
        await deployed(world, ours, first, POLICY)
        second = pushed(world, QUOTE, 6)
        await deployed(world, ours, second, QUOTE, first)
        world.git.heads["main"] = first
        await deployed(world, ours, first, QUOTE, second)

    world = played(story)
    assert inhibited(world) == [{POLICY}, {QUOTE}, {QUOTE}]
    assert not world.reporter.void


def test_main_may_move_on_before_git_is_asked() -> None:
    async def story(world: World, ours: Announcements) -> None:
        await deployed(world, ours, pushed(world, USER, 6), USER)
        ours.take(announcement(world, pushed(world, POLICY, 6), POLICY))
        ours.take(announcement(world, pushed(world, QUOTE, 6), QUOTE))
        await ours.confirm()

    world = played(story)
    assert inhibited(world) == [{USER}, {POLICY}, {QUOTE}]
    assert not world.reporter.void


def test_a_scout_that_was_restarted_recalls_what_was_deployed_and_believes_what_it_cannot_know() -> None:
    async def story(world: World, _: Announcements) -> None:
        first = pushed(world, POLICY, 6)
        told = [announcement(world, first, POLICY)]
        await world.clock.sleep(2)
        told.append(announcement(world, first, POLICY, DONE))
        await world.clock.sleep(60)
        second = pushed(world, QUOTE, 6)
        told += [announcement(world, second, QUOTE, previous=first), announcement(world, "f00", USER)]
        await world.clock.sleep(600)
        again = announcement(world, second, QUOTE, previous=first)

        for history in (told, []):
            world.detectors.inhibitions.known = []
            ours = listening(world)
            await ours.recall(history)
            known = list(world.detectors.inhibitions.work())
            for record in (*told, again):
                ours.take(record)
            await ours.confirm()
            if history:
                (one, other) = known
                assert one.until - one.since == 3 * SECOND
                assert [set(window.services) for window in (one, other)] == [{POLICY}, {QUOTE}]
                assert world.detectors.inhibitions.work() == known
                assert world.reporter.void == [NOT_ON_MAIN, DEPLOYED]

    assert inhibited(played(story)) == [{POLICY}, {QUOTE}]


def test_what_is_delivered_twice_counts_once() -> None:
    async def story(world: World, ours: Announcements) -> None:
        forged = announcement(world, "f00", POLICY)
        for _ in range(3):
            ours.take(forged)
        await ours.confirm()

    assert played(story).reporter.void == [NOT_ON_MAIN]


def test_another_phase_is_nobodys_window() -> None:
    async def story(world: World, ours: Announcements) -> None:
        ours.take(announcement(world, pushed(world, POLICY, 6), POLICY, "refused"))
        await ours.confirm()

    world = played(story)
    assert not inhibited(world)
    assert not world.reporter.void


def test_in_the_process_what_is_heard_is_confirmed_by_itself() -> None:
    async def story(world: World, ours: Announcements) -> None:
        confirming = asyncio.ensure_future(ours.confirm_forever())
        for service in (POLICY, QUOTE):
            ours.take(announcement(world, pushed(world, service, 6), service))
            while ours.waiting:
                await asyncio.sleep(0)
        confirming.cancel()

    assert inhibited(played(story)) == [{POLICY}, {QUOTE}]
