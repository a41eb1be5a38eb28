"""The Kafka calls on consumer groups and their offsets (protocol guide, non-flexible versions)."""

from dataclasses import dataclass, field

from sre_embedded.servers.bus import codec
from sre_embedded.servers.bus.codec import WireReader, array, int16, int32, int64, text
from sre_embedded.servers.bus.groups import ConsumerGroup, Member
from sre_embedded.servers.bus.offsets import Offsets
from sre_embedded.servers.bus.topics import UNKNOWN_TOPIC, Topics

FORBIDDEN_TRANSACTION = 53
COORDINATOR_NOT_AVAILABLE = 15  # every client retries
GROUP = 0  # the coordinator type of groups; the other type coordinates transactions


@dataclass
class GroupCalls:
    """The calls on consumer groups; this broker coordinates all groups."""

    topics: Topics
    offsets: Offsets
    node: bytes  # this broker: id, host and port
    groups: dict[str, ConsumerGroup] = field(default_factory=dict)

    async def find_coordinator(self, request: WireReader, version: int) -> bytes:
        """Return this broker as the coordinator of a group.

        A transaction has none; its error code is the only one that makes every client give up.
        """
        request.text()
        refused = version >= 1 and request.int8() != GROUP
        head = int16(FORBIDDEN_TRANSACTION if refused else 0) + (text(None) if version >= 1 else b"")
        return head + self.node

    async def join(self, request: WireReader, version: int) -> bytes:
        """Add a member to a group or renew its membership; the leader also gets the metadata of all members."""
        group = self.groups.setdefault(name := request.text(), ConsumerGroup(name))
        session = request.int32() / 1000
        rebalance = request.int32() / 1000 if version >= 1 else session
        id, kind = request.text(), request.text()
        protocols = request.array(lambda: (request.text(), request.data()))
        member = Member(id, request.client, session, rebalance, kind, protocols)
        error = await group.join(member)
        others = group.members.values() if member.id == group.leader else ()
        metadata = (text(other.id) + codec.data(dict(other.protocols).get(group.protocol, b"")) for other in others)
        group_fields = text(group.protocol) + text(group.leader) + text(member.id)
        return int16(error) + int32(group.generation) + group_fields + array(metadata)

    async def sync(self, request: WireReader, _version: int) -> bytes:
        """Take the leader's assignments, and return the assignment of the calling member."""
        group = self._group(request.text())
        generation, id = request.int32(), request.text()
        assignments = dict(request.array(lambda: (request.text(), request.data())))
        error, assignment = await group.sync(id, generation, assignments)
        return int16(error) + codec.data(assignment)

    async def heartbeat(self, request: WireReader, _version: int) -> bytes:
        """Keep the session of a member alive."""
        group = self._group(request.text())
        generation, id = request.int32(), request.text()
        return int16(group.heartbeat(id, generation))

    async def leave(self, request: WireReader, _version: int) -> bytes:
        """Remove a member from its group."""
        group = self._group(request.text())
        return int16(group.leave(request.text()))

    async def commit(self, request: WireReader, _version: int) -> bytes:
        """Store offsets of a member of the current generation, or of a simple consumer (generation -1)."""
        name = request.text()
        generation, id = request.int32(), request.text()
        request.int64()
        refused = self._group(name).check(id, generation) if generation >= 0 else 0

        def commit_partition(topic: str) -> bytes:
            partition, offset, metadata = request.int32(), request.int64(), request.text()
            error = refused or (0 if self.topics.partition(topic, partition) else UNKNOWN_TOPIC)
            if not error:
                error = self._store(name, topic, partition, offset, metadata)
            return int32(partition) + int16(error)

        return request.each_partition(commit_partition)

    def _store(self, name: str, topic: str, partition: int, offset: int, metadata: str) -> int:
        """Store one offset; return Kafka's error code, 0 for success. A full disk is logged by `Records`."""
        try:
            self.offsets.commit(name, topic, partition, offset, metadata)
        except OSError:
            return COORDINATOR_NOT_AVAILABLE
        return 0

    async def fetch_offsets(self, request: WireReader, version: int) -> bytes:
        """Return committed offsets, -1 where none is committed. Null topics (version 2) mean all topics."""
        committed = self.offsets.committed.get(request.text(), {})
        count = request.int32()
        requested = [(request.text(), request.array(request.int32)) for _ in range(max(0, count))]
        if count < 0:
            topics = sorted({topic for topic, _ in committed})
            requested = [(topic, sorted(n for t, n in committed if t == topic)) for topic in topics]

        def encode(topic: str, number: int) -> bytes:
            offset, metadata = committed.get((topic, number), (-1, ""))
            return int32(number) + int64(offset) + text(metadata) + int16(0)

        answers = (text(topic) + array(encode(topic, number) for number in numbers) for topic, numbers in requested)
        return array(answers) + (int16(0) if version >= 2 else b"")

    async def list_groups(self, _request: WireReader, _version: int) -> bytes:
        """Return all groups, including those of which only committed offsets are left."""
        return int16(0) + array(text(group.name) + text(group.kind) for group in self._known().values())

    async def describe_groups(self, request: WireReader, _version: int) -> bytes:
        """Return state and members of the requested groups."""
        known = self._known()
        requested = request.array(request.text)
        return array(self._describe(known.get(name) or ConsumerGroup(name, state="Dead")) for name in requested)

    @staticmethod
    def _describe(group: ConsumerGroup) -> bytes:
        members = (
            text(member.id) + text(member.client) + text("/127.0.0.1")
            + codec.data(dict(member.protocols).get(group.protocol, b"")) + codec.data(member.assignment)
            for member in group.members.values()
        )  # fmt: skip
        group_fields = text(group.name) + text(group.state) + text(group.kind) + text(group.protocol)
        return int16(0) + group_fields + array(members)

    def _known(self) -> dict[str, ConsumerGroup]:
        return {name: ConsumerGroup(name) for name in self.offsets.committed} | self.groups

    def _group(self, name: str) -> ConsumerGroup:
        return self.groups.get(name) or ConsumerGroup(name)
