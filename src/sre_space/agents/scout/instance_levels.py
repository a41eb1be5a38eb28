"""The level of a resource over all instances of a service: the highest, so that no healthy one hides a full one.

Used by `feeds/signal_consumer.py`, before the saturation detector of the service.
"""

from dataclasses import dataclass, field

from sre_space.analysis.detection.saturation import UNSEEN_NS


@dataclass
class InstanceLevels:
    """The newest sample (Unix ns, level) of each instance, by service and resource."""

    newest: dict[tuple[str, str], dict[str, tuple[int, float]]] = field(default_factory=dict)

    def highest(self, service: str, resource: str, instance: str, at: int, value: float) -> float:
        """Take a sample in, and return the highest level of the instances that reported in the last five seconds."""
        known = self.newest.get((service, resource), {}) | {instance: (at, value)}
        live = {name: sample for name, sample in known.items() if at - sample[0] <= UNSEEN_NS}
        self.newest[service, resource] = live
        return max(level for _, level in live.values())

    def restart(self, service: str) -> None:
        """Forget the levels of a service that has a new process: it may have replaced any of them."""
        for key in [key for key in self.newest if key[0] == service]:
            del self.newest[key]
