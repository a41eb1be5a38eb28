"""Consumer groups, the classic protocol: join, sync, heartbeat and leave."""

import asyncio
import secrets
from dataclasses import dataclass, field

ILLEGAL_GENERATION, INCONSISTENT_PROTOCOL, UNKNOWN_MEMBER, REBALANCING = 22, 23, 25, 27
FIRST_JOIN_WAIT_S = 0.05  # so that members that start together are balanced once


@dataclass
class Member:
    """One consumer of a group."""

    id: str
    client: str
    session_s: float
    rebalance_s: float
    kind: str
    protocols: list[tuple[str, bytes]]
    assignment: bytes = b""
    expiry: asyncio.TimerHandle | None = None


@dataclass
class ConsumerGroup:
    """The members of one generation.

    A turn is what members wait for: the end of a rebalance, then the leader's assignments. `here` are
    those who have come to the rebalance under way.
    """

    name: str
    generation: int = 0
    state: str = "Empty"
    leader: str = ""
    protocol: str = ""
    kind: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    here: set[str] = field(default_factory=set)
    turn: asyncio.Event = field(default_factory=asyncio.Event)
    deadline: asyncio.TimerHandle | None = None

    async def join(self, member: Member) -> int:
        """Wait for the generation that this member belongs to; an error code."""
        if member.id and member.id not in self.members:
            return UNKNOWN_MEMBER
        others = [one for one in self.members.values() if one.id != member.id]
        if not _common_protocol([*others, member]) or (others and member.kind != self.kind):
            return INCONSISTENT_PROTOCOL  # it alone is refused: the others go on
        self.kind = member.kind
        member.id = member.id or f"{member.client}-{secrets.token_hex(8)}"
        previous = self.members.get(member.id)
        if previous is not None and previous.expiry:
            previous.expiry.cancel()
        first = not self.members
        self.members[member.id] = member
        turn = self._start_rebalance(FIRST_JOIN_WAIT_S if first else None)
        self.here.add(member.id)
        if not first:
            self._complete_if_all_are_here()
        await turn.wait()
        return 0 if member.id in self.members else UNKNOWN_MEMBER

    def _start_rebalance(self, wait_s: float | None = None) -> asyncio.Event:
        """The turn that ends when everybody is here, or after `wait_s` (by default the members' own patience)."""
        if self.state != "PreparingRebalance":
            self.state, self.here = "PreparingRebalance", set()
            self._next_turn()
            patience = max((member.rebalance_s for member in self.members.values()), default=0.0)
            delay = patience if wait_s is None else wait_s
            self.deadline = asyncio.get_running_loop().call_later(delay, self._complete)
        return self.turn

    def _next_turn(self) -> None:
        self.turn.set()
        self.turn = asyncio.Event()

    def _complete_if_all_are_here(self) -> None:
        if self.members.keys() <= self.here:
            self._complete()

    def _complete(self) -> None:
        """Everybody is here, or the wait is over: those who did not come are out."""
        if self.deadline:
            self.deadline.cancel()
        self.members = {id: member for id, member in self.members.items() if id in self.here}
        self.generation += 1
        self.state = "CompletingRebalance" if self.members else "Empty"
        self.leader = self.leader if self.leader in self.members else next(iter(self.members), "")
        self.protocol = _common_protocol(list(self.members.values()))
        for member in self.members.values():
            member.assignment = b""
            self.touch(member)
        self._next_turn()

    async def sync(self, id: str, generation: int, assignments: dict[str, bytes]) -> tuple[int, bytes]:
        """The leader hands out; the others wait for theirs."""
        error = self.check(id, generation)
        if error:
            return error, b""
        if self.state == "CompletingRebalance" and id == self.leader:
            self.state = "Stable"
            for member in self.members.values():
                member.assignment = assignments.get(member.id, b"")
            self._next_turn()
        elif self.state == "CompletingRebalance":
            await self.turn.wait()
        if self.state != "Stable" or self.generation != generation:
            return REBALANCING, b""
        return 0, self.members[id].assignment

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
        member.expiry = asyncio.get_running_loop().call_later(member.session_s, self.leave, member.id)

    def leave(self, id: str) -> int:
        """A member is gone, by its own word or by silence."""
        member = self.members.pop(id, None)
        if member is None:
            return UNKNOWN_MEMBER
        if member.expiry:
            member.expiry.cancel()
        self._start_rebalance()
        self._complete_if_all_are_here()
        return 0


def _common_protocol(members: list[Member]) -> str:
    offered = [[name for name, _ in member.protocols] for member in members]
    return next((name for name in offered[0] if all(name in names for names in offered)), "") if offered else ""
