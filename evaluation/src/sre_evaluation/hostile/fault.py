"""What a fault can do to a running system: hooks that do nothing here, and that each kind of fault overrides."""

from dataclasses import dataclass

from sre_evaluation.hostile.kernel import Steps
from sre_evaluation.hostile.records import Answer
from sre_evaluation.hostile.topology import Query
from sre_evaluation.hostile.world import Instance, Run, World


@dataclass
class Failure:
    """A failed call before any answer: its message, and how long the caller waited for it."""

    message: str
    ms: float


@dataclass
class Fault:
    """A fault from `since` (ms of the window) on, met by `share` of the requests.

    `culprits` are the names of which one must be accused, `kinds` the kinds of cause that may be said, `change` the
    commit that brought it. `strength` grows when the customers have not felt it.
    """

    title: str
    culprits: tuple[str, ...]
    kinds: tuple[str, ...]
    service: str
    strength: float = 1.0
    since: float = 0.0
    share: float = 1.0
    instance: int | None = None  # the bad one of several; None for all
    change: str = ""

    def hits(self, world: World, run: Run) -> bool:
        """Return True when this execution meets the fault."""
        return (
            run.service.name == self.service and self.on(world) and self._unlucky(run) and self.at(world, run.instance)
        )

    def on(self, world: World) -> bool:
        """Return True once the fault has begun."""
        return world.kernel.now >= self.since

    def at(self, world: World, instance: Instance) -> bool:
        """Return True for an instance that has the fault."""
        if instance.service.name != self.service:
            return False
        return self.instance is None or world.instances[self.service].index(instance) == self.instance

    def _unlucky(self, run: Run) -> bool:
        return run.request.luck < self.share

    def begin(self, world: World) -> None:
        """Plan what happens by itself."""

    def own(self, world: World, run: Run, ms: float) -> float:  # noqa: ARG002 - the hooks' arguments
        """Return how long own work takes."""
        return ms

    def before(self, world: World, run: Run) -> Steps[Answer | None]:  # noqa: ARG002
        """Do something before the work; return an answer that ends it."""
        yield from ()
        return None

    def statement(self, world: World, run: Run, query: Query) -> Steps[str]:  # noqa: ARG002
        """Do something before a statement; return the message of its failure."""
        yield from ()
        return ""

    def connect(self, world: World, run: Run, target: str) -> Failure | None:  # noqa: ARG002
        """Return the failure of a connection to a service, database, cache or host."""
        return None

    def leg(self, world: World, sender: str, receiver: str) -> float:  # noqa: ARG002
        """Return the ms that a message takes longer on its way."""
        return 0.0

    def measured(self, world: World, instance: Instance) -> dict[str, float]:  # noqa: ARG002
        """Return resources of an instance by name (cpu, memory, disk, node): the shares in use."""
        return {}
