"""What strangers write on issues hides no incident, starves no agent and holds up nothing else."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest
from support.deaf import Deaf
from support.world import MemoryForge, World

from sre_space.adapters.github_mcp.gitops import _commit, _pull
from sre_space.adapters.github_mcp.issues import _comment, _issue, readable
from sre_space.adapters.github_mcp.meaning import GHOST
from sre_space.codec.footer import MAX_BODY
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, Refused, SpaceError, Unavailable
from sre_space.domain.facts import Agent
from sre_space.loop.watch import Watch
from sre_space.ports.forge import MAX_COMMENTS, Comment
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders
from sre_space.record.reading import TOO_LONG, TOO_MANY, UNREADABLE

FLOODS = ("\n" * 65_000, "\u0316\u0301" * 32_000, "sre-fact=v1\n" * 5_000, "`" * 65_000, "漢" * 65_000)
TURNS = 20


@dataclass
class Counting(MemoryForge):
    """Counts whose comments were asked for; answers `errors` for some issues."""

    errors: Callable[[int], SpaceError | None] = lambda _: None
    asked: tuple[int, ...] = ()

    async def comments(self, number: int) -> Sequence[Comment]:
        """As the forge has them."""
        self.asked += (number,)
        if error := self.errors(number):
            raise error
        return await super().comments(number)


def counting(world: World) -> Counting:
    """Return a forge with the world's issues that counts requests for their comments."""
    return Counting(world.forge.found, world.forge.written, now=world.clock.now)


async def turns_while(work: "asyncio.Task[Case | None]") -> int:
    """How often others had their turn."""
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    return turns


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: ascii(flood[:4]))
async def test_a_flood_on_the_issue_and_beside_it_does_not_stop_the_agents(flood: str) -> None:
    world = World()
    await world.forge.open_issue(flood[:200], flood, ())
    world.dead = {"policy-service"}
    number = await world.detect()
    for _ in range(3):
        world.says(number, flood, "mallory")

    case = await world.play(number)

    assert not case.is_open
    assert len(world.restarts) == 1


async def test_probes_have_their_turn_while_a_hostile_issue_is_read() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    for count in range(60):
        world.says(number, f"{count}" + "é\n" * 32_000, "mallory")

    work = asyncio.create_task(world.incidents.case(number))

    assert await turns_while(work) >= TURNS
    case = await work
    assert case is not None
    assert case.incident


async def test_probes_have_their_turn_while_five_hundred_issues_are_read() -> None:
    world = World()
    for count in range(500):
        await world.forge.open_issue("x", f"{count} MITIGATION: RESTART quote-service", ())

    work = asyncio.create_task(world.incidents.read_open())

    assert await turns_while(work) >= 500  # type: ignore[arg-type]
    assert len((await work).void) == 500


@pytest.mark.parametrize(
    "error", [Malformed("no shape"), Refused("not yours"), Missing("gone"), Unavailable("it answered 502")]
)
async def test_an_issue_that_cannot_be_read_hides_no_other(error: SpaceError) -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    first = await world.detect()
    await world.play(first, 4)
    world.dead = {"user-service"}
    second = await world.detect()
    await world.play(second, 4)
    forge = counting(world)
    forge.errors = lambda number: error if number == first else None
    incidents = IncidentRepository(forge, world.trust, world.incidents.repository)

    found = await incidents.read_open()

    read = {case.issue: case for case in found.cases}
    assert len(read[second].chain) > 1
    assert not read[second].frozen_reason
    if not isinstance(error, Missing):
        assert str(error) in read[first].frozen_reason  # nothing is done, and nothing is opened for it again
        assert found.void[first, 0] == UNREADABLE
        await incidents.read_open()
        assert forge.asked[-1] == first  # what failed before is read last

    forge.errors = lambda _: None
    assert all(len(case.chain) > 1 for case in (await incidents.read_open()).cases)


async def test_a_forge_that_asks_for_rest_is_left_alone() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    await world.play(await world.detect(), 4)
    forge = counting(world)
    forge.errors = lambda _: Unavailable("slow down", 60.0)
    with pytest.raises(Unavailable):
        await IncidentRepository(forge, world.trust, world.incidents.repository).read_open()


async def test_a_person_is_called_for_an_incident_whose_comments_stay_unreadable() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    number = await world.detect()
    await world.play(number, 4)
    forge = counting(world)
    forge.errors = lambda _: Unavailable("it answered 502")
    runner = world.runner(Agent.FIXER)
    runner.incidents = IncidentRepository(forge, world.trust, world.incidents.repository)
    watch = Watch(runner, Deaf(), Deaf(), 1.0, lambda _: None)
    for _ in range(30):
        await watch.poll_once()
        await asyncio.gather(*watch.tasks.values())
        await world.clock.sleep(1.0)

    (note,) = world.notes
    assert "its comments cannot be read: it answered 502" in note.text


async def test_more_comments_than_are_read_freeze_the_case_and_a_person_is_called() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    number = await world.detect()
    await world.play(number, 10)
    comment = world.forge.written[number][-1]
    world.forge.written[number] += [replace(comment, id=1000 + one, body="x") for one in range(MAX_COMMENTS)]
    world.halted_now = False

    await world.play(number, 3)

    assert (await world.case(number)).frozen_reason == TOO_MANY
    assert world.restarts == []
    assert TOO_MANY in world.notes[0].text


async def test_a_body_that_is_too_long_is_void_and_says_so() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    number = await world.detect()
    world.says(number, "MITIGATION: RESTART x" + " " * MAX_BODY, "mallory")

    (void,) = (await world.case(number)).void

    assert void.reason == TOO_LONG


async def test_the_comments_of_copies_and_of_strangers_issues_are_not_fetched() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.incidents.case(number)
    for body in [world.forge.found[0].body, "sre-fact=v1"] * 20:
        copy = await world.forge.open_issue("x", body, ())
        world.says(copy, "words", "mallory")
    forge = counting(world)
    incidents = IncidentRepository(forge, world.trust, world.incidents.repository, world.incidents.first)

    await incidents.read_open()

    assert set(forge.asked) <= {number}


async def test_an_author_is_asked_about_once_however_often_he_commands() -> None:
    world = World()
    asked = []

    class Writers:
        async def may_write(self, login: str) -> bool:
            asked.append(login)
            return login == "robin"

        async def close(self) -> None:
            pass

    number = await world.forge.open_issue("x", "y", ())
    for who in ["mallory"] * 50 + ["robin"] * 2:
        world.says(number, "/sre stop", who)
    for comment, one in enumerate(world.forge.written[number]):
        world.forge.written[number][comment] = replace(one, updated=one.created)
    orders = await IssueOrders(world.forge, world.trust, Writers(), world.incidents.repository).given(number)

    assert asked == ["mallory", "robin"]
    assert [order.by for order in orders] == ["robin", "robin"]


def test_the_issue_of_a_deleted_account_and_one_without_a_shape_hide_no_other() -> None:
    at = "2026-11-29T10:00:00Z"
    good = {"number": 1, "title": "t", "state": "open", "user": {"login": "a"}, "created_at": at, "updated_at": at}
    told = [good, good | {"number": 2, "user": None}, {"number": 3}, None, good | {"number": 4, "created_at": "soon"}]

    found = readable(_issue, told)

    assert [(one.number, one.author) for one in found] == [(1, "a"), (2, GHOST)]
    comment = {"id": 1, "body": None, "created_at": at, "updated_at": at}
    (ghost,) = readable(_comment, [comment, {"id": 2}])
    assert (ghost.author, ghost.author_id, ghost.body) == (GHOST, 0, "")


def test_a_pull_request_and_a_commit_of_a_deleted_account_are_read() -> None:
    at = "2026-11-29T10:00:00Z"
    branch = {"ref": "b", "sha": "0"}
    pull = {"number": 1, "title": "t", "state": "open", "user": None, "head": branch, "base": branch, "created_at": at}
    commit = {"sha": "0", "parents": [], "commit": {"message": "m", "author": None, "committer": {"date": at}}}

    assert (_pull(pull).author, _commit(commit).author) == (GHOST, GHOST)
