"""Consumer groups, the classic protocol: join, sync, heartbeat, leave, and committed offsets on disk."""

import asyncio
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCING = 22, 25, 27
FIRST_JOIN_WAIT_S = 0.05  # so that members that start together are balanced once


@dataclass
class Member:
    """One consumer of a group; `joined` is set while it waits for the others."""

    id: str
    client: str
    session_s: float
    rebalance_s: float
    protocols: list[tuple[str, bytes]]
    assignment: bytes = b""
    joined: "asyncio.Future[None] | None" = None
    synced: "asyncio.Future[None] | None" = None
    expiry: asyncio.TimerHandle | None = None


@dataclass
class Group:
    """The members of one generation."""

    name: str
    generation: int = 0
    state: str = "Empty"
    leader: str = ""
    protocol: str = ""
    protocol_type: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    deadline: asyncio.TimerHandle | None = None

    async def join(self, member: Member) -> int:
        """Wait for the generation that this member belongs to; an error code."""
        if member.id and member.id not in self.members:
            return UNKNOWN_MEMBER
        member.id = member.id or f"{member.client}-{secrets.token_hex(8)}"
        previous = self.members.get(member.id)
        if previous is not None and previous.expiry:
            previous.expiry.cancel()
        first = not self.members
        self.members[member.id] = member
        member.joined = joined = asyncio.get_running_loop().create_future()
        self._start_rebalance(FIRST_JOIN_WAIT_S if first else max(m.rebalance_s for m in self.members.values()))
        if not first and all(m.joined for m in self.members.values()):
            self._complete()
        await joined
        return 0

    def _start_rebalance(self, wait_s: float) -> None:
        for member in self.members.values():
            if member.synced and not member.synced.done():
                member.synced.set_result(None)
            member.synced = None
        if self.state != "PreparingRebalance":
            self.state = "PreparingRebalance"
            self.deadline = asyncio.get_running_loop().call_later(wait_s, self._complete)

    def _complete(self) -> None:
        """Everybody is here, or the wait is over: those who did not come are out."""
        if self.deadline:
            self.deadline.cancel()
        self.members = {id: member for id, member in self.members.items() if member.joined}
        self.generation += 1
        self.state = "CompletingRebalance" if self.members else "Empty"
        self.leader = self.leader if self.leader in self.members else next(iter(self.members), "")
        self.protocol = self._common_protocol()
        for member in self.members.values():
            if member.joined and not member.joined.done():
                member.joined.set_result(None)
            member.joined = None
            member.assignment = b""
            self.touch(member)

    def _common_protocol(self) -> str:
        offered = [[name for name, _ in member.protocols] for member in self.members.values()]
        return next((name for name in offered[0] if all(name in names for names in offered)), "") if offered else ""

    async def sync(self, id: str, generation: int, assignments: dict[str, bytes]) -> tuple[int, bytes]:
        """The leader hands out; the others wait for theirs."""
        error = self.check(id, generation)
        if error:
            return error, b""
        member = self.members[id]
        if id == self.leader and self.state == "CompletingRebalance":
            self._hand_out(assignments)
        if self.state == "CompletingRebalance":
            member.synced = synced = asyncio.get_running_loop().create_future()
            await synced
        if self.state != "Stable" or self.generation != generation:
            return REBALANCING, b""
        return 0, member.assignment

    def _hand_out(self, assignments: dict[str, bytes]) -> None:
        self.state = "Stable"
        for member in self.members.values():
            member.assignment = assignments.get(member.id, b"")
            if member.synced and not member.synced.done():
                member.synced.set_result(None)
            member.synced = None

    def heartbeat(self, id: str, generation: int) -> int:
        """Keeps a member's session alive; tells it to rejoin during a rebalance."""
        error = self.check(id, generation)
        return error or (REBALANCING if self.state == "PreparingRebalance" else 0)

    def check(self, id: str, generation: int) -> int:
        """Is this a member of this generation?"""
        if id not in self.members:
            return UNKNOWN_MEMBER
        self.touch(self.members[id])
        return 0 if generation == self.generation else ILLEGAL_GENERATION

    def touch(self, member: Member) -> None:
        """Start the member's session time anew."""
        if member.expiry:
            member.expiry.cancel()
        loop = asyncio.get_running_loop()
        member.expiry = loop.call_later(member.session_s, self.leave, member.id)

    def leave(self, id: str) -> int:
        """A member is gone, by its own word or by silence."""
        member = self.members.pop(id, None)
        if member is None:
            return UNKNOWN_MEMBER
        if member.expiry:
            member.expiry.cancel()
        if not self.members:
            self.state, self.leader = "Empty", ""
            return 0
        self._start_rebalance(max(m.rebalance_s for m in self.members.values()))
        if all(m.joined for m in self.members.values()):
            self._complete()
        return 0


class Offsets:
    """Committed offsets: an append-only journal, compacted at start."""

    def __init__(self, path: Path) -> None:
        self.committed: dict[str, dict[tuple[str, int], tuple[int, str]]] = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            self._replay(line)
        beside = path.with_suffix(".new")
        beside.write_text("".join(self._line(g, t, p) for g, kept in self.committed.items() for t, p in kept))
        beside.replace(path)
        self._journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def commit(self, group: str, topic: str, partition: int, offset: int, metadata: str) -> None:
        """On disk when it returns."""
        self.committed.setdefault(group, {})[topic, partition] = (offset, metadata)
        os.write(self._journal, self._line(group, topic, partition).encode())

    def _line(self, group: str, topic: str, partition: int) -> str:
        return json.dumps([group, topic, partition, *self.committed[group][topic, partition]]) + "\n"

    def _replay(self, line: str) -> None:
        try:
            group, topic, partition, offset, metadata = json.loads(line)
        except ValueError:
            return  # the last line of a journal whose writer was killed in mid-write
        self.committed.setdefault(group, {})[topic, partition] = (offset, metadata)
