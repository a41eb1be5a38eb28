"""The classic group protocol: who waits for whom, and who is told what."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from sre_embedded.servers.bus.groups import (
    ILLEGAL_GENERATION,
    INCONSISTENT_PROTOCOL,
    REBALANCING,
    UNKNOWN_MEMBER,
    ConsumerGroup,
    Member,
)


def member(protocol: str = "range", *, id: str = "", kind: str = "consumer") -> Member:
    """Return a group member that offers one protocol."""
    return Member(id, "client", 60.0, 60.0, kind, [(protocol, b"topics")])


async def joined(group: ConsumerGroup, *members: Member) -> list[int]:
    """They join at the same moment; their errors."""
    return await asyncio.gather(*(group.join(one) for one in members))


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine with a time limit that only a hang exceeds."""
    asyncio.run(asyncio.wait_for(story, 30))


def test_members_that_join_at_the_same_moment_are_one_generation() -> None:
    async def story() -> None:
        group, one, other = ConsumerGroup("g"), member(), member()

        assert await joined(group, one, other) == [0, 0]
        assert (group.generation, group.leader, set(group.members)) == (1, one.id, {one.id, other.id})
        assert one.id.startswith("client-")
        handed = {one.id: b"1", other.id: b"2"}
        waiting = asyncio.create_task(group.sync(other.id, 1, {}))
        assert await group.sync(one.id, 1, handed) == (0, b"1")
        assert await waiting == (0, b"2")
        assert await group.sync(other.id, 1, {}) == (0, b"2")
        assert group.state == "Stable"

    run(story())


def test_a_stranger_with_another_protocol_is_refused_and_the_group_goes_on() -> None:
    async def story() -> None:
        group, one = ConsumerGroup("g"), member()
        await joined(group, one)
        await group.sync(one.id, 1, {})

        assert await group.join(member("other")) == INCONSISTENT_PROTOCOL
        assert await group.join(member(kind="connect")) == INCONSISTENT_PROTOCOL
        assert await ConsumerGroup("empty").join(Member("", "c", 60.0, 60.0, "consumer", [])) == INCONSISTENT_PROTOCOL
        assert (group.heartbeat(one.id, 1), group.state, group.protocol) == (0, "Stable", "range")

    run(story())


def test_a_newcomer_waits_for_the_others_who_hear_of_it_by_heartbeat() -> None:
    async def story() -> None:
        group, one, other = ConsumerGroup("g"), member(), member()
        await joined(group, one)
        await group.sync(one.id, 1, {})
        newcomer = asyncio.create_task(group.join(other))
        await asyncio.sleep(0)

        assert group.heartbeat(one.id, 1) == REBALANCING
        assert await group.join(member(id=one.id)) == 0
        assert await newcomer == 0
        assert (group.generation, len(group.members)) == (2, 2)
        assert group.heartbeat(one.id, 1) == ILLEGAL_GENERATION

    run(story())


def test_those_who_wait_for_the_leader_are_told_when_it_goes() -> None:
    async def story() -> None:
        group, one, other = ConsumerGroup("g"), member(), member()
        await joined(group, one, other)
        waiting = asyncio.create_task(group.sync(other.id, 1, {}))
        await asyncio.sleep(0)
        group.leave(one.id)

        assert await waiting == (REBALANCING, b"")
        assert await group.join(member(id=other.id)) == 0
        assert (group.leader, group.generation) == (other.id, 2)

    run(story())


def test_who_goes_while_it_waits_to_join_is_let_go_and_the_group_is_empty() -> None:
    async def story() -> None:
        group, one = ConsumerGroup("g"), member()
        waiting = asyncio.create_task(group.join(one))
        await asyncio.sleep(0)
        group.leave(one.id)

        assert await waiting == UNKNOWN_MEMBER
        assert (group.state, group.leader, group.protocol, group.members) == ("Empty", "", "", {})
        assert await group.join(member(id="an old one")) == UNKNOWN_MEMBER

    run(story())
