"""The calls on consumer groups and their offsets (Kafka protocol guide, non-flexible versions)."""

from dataclasses import dataclass, field

from sre_space.embedded.bus import codec
from sre_space.embedded.bus.codec import WireReader, array, int16, int32, int64, text
from sre_space.embedded.bus.groups import ConsumerGroup, Member
from sre_space.embedded.bus.offsets import Offsets
from sre_space.embedded.bus.topics import UNKNOWN_TOPIC, Topics

FORBIDDEN_TRANSACTION = 53
COORDINATOR_NOT_AVAILABLE = 15  # every client tries again
GROUP = 0  # a coordinator's kind; the other one coordinates transactions


@dataclass
class GroupCalls:
    """Every group of this broker; the one broker coordinates them all."""

    topics: Topics
    offsets: Offsets
    node: bytes  # this broker: id, host and port
    groups: dict[str, ConsumerGroup] = field(default_factory=dict)

    async def find_coordinator(self, request: WireReader, version: int) -> bytes:
        """This broker for a group; nobody for a transaction, in the one error that makes every client give up."""
        request.text()
        refused = version >= 1 and request.int8() != GROUP
        head = int16(FORBIDDEN_TRANSACTION if refused else 0) + (text(None) if version >= 1 else b"")
        return head + self.node

    async def join(self, request: WireReader, version: int) -> bytes:
        """Join or rejoin; the leader is told who the others are."""
        group = self.groups.setdefault(name := request.text(), ConsumerGroup(name))
        session = request.int32() / 1000
        rebalance = request.int32() / 1000 if version >= 1 else session
        id, kind = request.text(), request.text()
        protocols = request.array(lambda: (request.text(), request.data()))
        member = Member(id, request.client, session, rebalance, kind, protocols)
        error = await group.join(member)
        others = group.members.values() if member.id == group.leader else ()
        metadata = (text(one.id) + codec.data(dict(one.protocols).get(group.protocol, b"")) for one in others)
        told = text(group.protocol) + text(group.leader) + text(member.id)
        return int16(error) + int32(group.generation) + told + array(metadata)

    async def sync(self, request: WireReader, _version: int) -> bytes:
        """Hand out and receive assignments."""
        group = self._group(request.text())
        generation, id = request.int32(), request.text()
        assignments = dict(request.array(lambda: (request.text(), request.data())))
        error, assignment = await group.sync(id, generation, assignments)
        return int16(error) + codec.data(assignment)

    async def heartbeat(self, request: WireReader, _version: int) -> bytes:
        """I am alive."""
        group = self._group(request.text())
        generation, id = request.int32(), request.text()
        return int16(group.heartbeat(id, generation))

    async def leave(self, request: WireReader, _version: int) -> bytes:
        """I go."""
        group = self._group(request.text())
        return int16(group.leave(request.text()))

    async def commit(self, request: WireReader, _version: int) -> bytes:
        """Remember offsets: of a member of this generation, or of a simple consumer (generation -1)."""
        name = request.text()
        generation, id = request.int32(), request.text()
        request.int64()
        refused = self._group(name).check(id, generation) if generation >= 0 else 0

        def one(topic: str) -> bytes:
            partition, offset, metadata = request.int32(), request.int64(), request.text()
            error = refused or (0 if self.topics.partition(topic, partition) else UNKNOWN_TOPIC)
            if not error:
                error = self._committed(name, topic, partition, offset, metadata)
            return int32(partition) + int16(error)

        return request.each_partition(one)

    def _committed(self, name: str, topic: str, partition: int, offset: int, metadata: str) -> int:
        """Write it down; an error code. What else the disk does not take is in the log already."""
        try:
            self.offsets.commit(name, topic, partition, offset, metadata)
        except OSError:
            return COORDINATOR_NOT_AVAILABLE
        return 0

    async def fetch_offsets(self, request: WireReader, version: int) -> bytes:
        """Committed offsets; -1 where there is none. Null topics (v2) mean all."""
        committed = self.offsets.committed.get(request.text(), {})
        count = request.int32()
        asked = [(request.text(), request.array(request.int32)) for _ in range(max(0, count))]
        if count < 0:
            topics = sorted({topic for topic, _ in committed})
            asked = [(topic, sorted(n for t, n in committed if t == topic)) for topic in topics]

        def one(topic: str, number: int) -> bytes:
            offset, metadata = committed.get((topic, number), (-1, ""))
            return int32(number) + int64(offset) + text(metadata) + int16(0)

        answers = (text(topic) + array(one(topic, number) for number in numbers) for topic, numbers in asked)
        return array(answers) + (int16(0) if version >= 2 else b"")

    async def list_groups(self, _request: WireReader, _version: int) -> bytes:
        """All groups, those too of which only committed offsets are left."""
        return int16(0) + array(text(group.name) + text(group.kind) for group in self._known().values())

    async def describe_groups(self, request: WireReader, _version: int) -> bytes:
        """States and members."""
        known = self._known()
        asked = request.array(request.text)
        return array(self._described(known.get(name) or ConsumerGroup(name, state="Dead")) for name in asked)

    @staticmethod
    def _described(group: ConsumerGroup) -> bytes:
        members = (
            text(one.id) + text(one.client) + text("/127.0.0.1")
            + codec.data(dict(one.protocols).get(group.protocol, b"")) + codec.data(one.assignment)
            for one in group.members.values()
        )  # fmt: skip
        told = text(group.name) + text(group.state) + text(group.kind) + text(group.protocol)
        return int16(0) + told + array(members)

    def _known(self) -> dict[str, ConsumerGroup]:
        return {name: ConsumerGroup(name) for name in self.offsets.committed} | self.groups

    def _group(self, name: str) -> ConsumerGroup:
        return self.groups.get(name) or ConsumerGroup(name)
