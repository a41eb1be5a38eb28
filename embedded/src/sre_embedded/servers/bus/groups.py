"""Consumer groups of Kafka's classic protocol: join, sync, heartbeat and leave."""

import asyncio
import secrets
from dataclasses import dataclass, field

ILLEGAL_GENERATION, INCONSISTENT_PROTOCOL, UNKNOWN_MEMBER, REBALANCING = 22, 23, 25, 27
FIRST_JOIN_WAIT_S = 0.05  # so that members that start together share one rebalance


@dataclass
class Member:
    """One consumer of a group; times in seconds."""

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
    """The members of one generation, used by the calls on groups.

    `phase_end` is the event that members wait for: the end of a rebalance, then the leader's assignments. `rejoined`
    are the ids of the members that have joined the rebalance in progress.
    """

    name: str
    generation: int = 0
    state: str = "Empty"
    leader: str = ""
    protocol: str = ""
    kind: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    rejoined: set[str] = field(default_factory=set)
    phase_end: asyncio.Event = field(default_factory=asyncio.Event)
    deadline: asyncio.TimerHandle | None = None

    async def join(self, member: Member) -> int:
        """Wait for the generation that this member belongs to; return Kafka's error code, 0 for success."""
        if member.id and member.id not in self.members:
            return UNKNOWN_MEMBER
        others = [known for known in self.members.values() if known.id != member.id]
        if not _common_protocol([*others, member]) or (others and member.kind != self.kind):
            return INCONSISTENT_PROTOCOL  # only this member is refused: the group goes on
        self.kind = member.kind
        member.id = member.id or f"{member.client}-{secrets.token_hex(8)}"
        previous = self.members.get(member.id)
        if previous is not None and previous.expiry:
            previous.expiry.cancel()
        first = not self.members
        self.members[member.id] = member
        phase_end = self._start_rebalance(FIRST_JOIN_WAIT_S if first else None)
        self.rejoined.add(member.id)
        if not first:
            self._complete_if_all_rejoined()
        await phase_end.wait()
        return 0 if member.id in self.members else UNKNOWN_MEMBER

    def _start_rebalance(self, wait_s: float | None = None) -> asyncio.Event:
        """Start a rebalance unless one is in progress; return the event that is set at its end.

        It ends when every member has joined, or after `wait_s` (default: the longest rebalance timeout of the members).
        """
        if self.state != "PreparingRebalance":
            self.state, self.rejoined = "PreparingRebalance", set()
            self._next_phase()
            timeout_s = max((member.rebalance_s for member in self.members.values()), default=0.0)
            delay = timeout_s if wait_s is None else wait_s
            self.deadline = asyncio.get_running_loop().call_later(delay, self._complete)
        return self.phase_end

    def _next_phase(self) -> None:
        self.phase_end.set()
        self.phase_end = asyncio.Event()

    def _complete_if_all_rejoined(self) -> None:
        if self.members.keys() <= self.rejoined:
            self._complete()

    def _complete(self) -> None:
        """End the rebalance: drop the members that did not rejoin, and start the next generation."""
        if self.deadline:
            self.deadline.cancel()
        self.members = {id: member for id, member in self.members.items() if id in self.rejoined}
        self.generation += 1
        self.state = "CompletingRebalance" if self.members else "Empty"
        self.leader = self.leader if self.leader in self.members else next(iter(self.members), "")
        self.protocol = _common_protocol(list(self.members.values()))
        for member in self.members.values():
            member.assignment = b""
            self.touch(member)
        self._next_phase()

    async def sync(self, id: str, generation: int, assignments: dict[str, bytes]) -> tuple[int, bytes]:
        """Return Kafka's error code and this member's assignment.

        The leader's call hands out `assignments` (by member id); the calls of the others wait for it.
        """
        error = self.check(id, generation)
        if error:
            return error, b""
        if self.state == "CompletingRebalance" and id == self.leader:
            self.state = "Stable"
            for member in self.members.values():
                member.assignment = assignments.get(member.id, b"")
            self._next_phase()
        elif self.state == "CompletingRebalance":
            await self.phase_end.wait()
        if self.state != "Stable" or self.generation != generation:
            return REBALANCING, b""
        return 0, self.members[id].assignment

    def heartbeat(self, id: str, generation: int) -> int:
        """Keep a member's session alive; return Kafka's error code, which asks to rejoin during a rebalance."""
        error = self.check(id, generation)
        return error or (REBALANCING if self.state == "PreparingRebalance" else 0)

    def check(self, id: str, generation: int) -> int:
        """Return Kafka's error code unless `id` is a member of this generation (0); keep its session alive."""
        if id not in self.members:
            return UNKNOWN_MEMBER
        self.touch(self.members[id])
        return 0 if generation == self.generation else ILLEGAL_GENERATION

    def touch(self, member: Member) -> None:
        """Restart the member's session timeout."""
        if member.expiry:
            member.expiry.cancel()
        member.expiry = asyncio.get_running_loop().call_later(member.session_s, self.leave, member.id)

    def leave(self, id: str) -> int:
        """Remove a member that left or whose session timed out, and start a rebalance.

        Return Kafka's error code, 0 for success.
        """
        member = self.members.pop(id, None)
        if member is None:
            return UNKNOWN_MEMBER
        if member.expiry:
            member.expiry.cancel()
        self._start_rebalance()
        self._complete_if_all_rejoined()
        return 0


def _common_protocol(members: list[Member]) -> str:
    offered = [[name for name, _ in member.protocols] for member in members]
    return next((name for name in offered[0] if all(name in names for names in offered)), "") if offered else ""
