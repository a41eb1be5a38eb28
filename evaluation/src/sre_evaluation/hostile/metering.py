"""Samples the resources of every instance each ten seconds, under the names of OpenTelemetry or of Prometheus."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sre_evaluation.hostile.fault import Fault
from sre_evaluation.hostile.kernel import Steps, sleep
from sre_evaluation.hostile.records import Point
from sre_evaluation.hostile.world import Instance, State, World

EVERY_MS = 10_000.0
GIB = 2**30


@dataclass
class Metering:
    """Reads the meters of a world."""

    world: World
    faults: Sequence[Fault]
    _busy: dict[str, float] = field(default_factory=dict)

    def sample(self) -> Steps[None]:
        """Read everything again and again."""
        while True:
            yield from sleep(EVERY_MS)
            for instances in self.world.instances.values():
                for instance in instances:
                    if instance.state is not State.DOWN:
                        self.world.observed.points += self._points(instance)

    def _points(self, instance: Instance) -> Iterator[Point]:
        shown = {"memory": self.world.chance.uniform(0.42, 0.55), "disk": 0.41}
        for fault in self.faults:
            shown |= fault.measured(self.world, instance)
        used = instance.meters.busy - self._busy.get(instance.name, 0.0)
        used = used if used >= 0 else instance.meters.busy
        self._busy[instance.name] = instance.meters.busy
        shown.setdefault(
            "cpu", min(1.0, used / (instance.service.cores * EVERY_MS) + self.world.chance.uniform(0, 0.02))
        )
        yield from self._prometheus(instance, shown) if instance.service.old_names else self._otel(instance, shown)

    def _otel(self, instance: Instance, shown: dict[str, float]) -> Iterator[Point]:
        make = self._maker(instance)
        for (route, code), number in sorted(instance.meters.requests.items()):
            labels = (("http.response.status_code", str(code)), ("http.route", route))
            total = instance.meters.seconds[route, code] / 1000
            yield make("http.server.request.duration", total, "histogram", labels, number, "s")
        yield make("process.cpu.utilization", shown["cpu"], unit="1")
        yield make("process.memory.usage", shown["memory"] * GIB, unit="By")
        yield make("process.uptime", (self.world.kernel.now - instance.started) / 1000, unit="s")
        yield make("system.filesystem.utilization", shown["disk"], labels=(("state", "used"),), unit="1")
        yield make("system.cpu.utilization", self._node(), unit="1")
        used = instance.pool.size - max(0, instance.pool.free)
        yield make("db.client.connections.usage", used, labels=(("state", "used"),), unit="{connection}")
        yield make("db.client.connections.pending_requests", len(instance.pool.queue), unit="{request}")
        yield make("k8s.container.restarts", instance.restarts, unit="{restart}")

    def _prometheus(self, instance: Instance, shown: dict[str, float]) -> Iterator[Point]:
        make = self._maker(instance)
        for (route, code), number in sorted(instance.meters.requests.items()):
            labels = (("code", str(code)), ("handler", route))
            yield make("http_requests_total", number, "counter", labels)
            yield make(
                "http_request_duration_seconds",
                instance.meters.seconds[route, code] / 1000,
                "histogram",
                labels,
                number,
            )
        yield make("process_cpu_seconds_total", instance.meters.busy / 1000, "counter")
        yield make("container_cpu_usage_cores", shown["cpu"] * instance.service.cores)
        yield make("container_memory_working_set_bytes", shown["memory"] * GIB)
        yield make("container_spec_memory_limit_bytes", GIB)
        yield make("container_cpu_cfs_throttled_seconds_total", instance.meters.throttled / 1000, "counter")
        yield make("container_fs_usage_bytes", shown["disk"] * 10 * GIB)
        yield make("container_fs_limit_bytes", 10 * GIB)
        yield make("kube_pod_container_status_restarts_total", instance.restarts, "counter")
        yield make("node_load1", 8 * self._node())

    def _maker(self, instance: Instance) -> "_Maker":
        return _Maker(self.world.kernel.now, instance.service.name, instance.name)

    def _node(self) -> float:
        return min(1.0, self.world.plan.node_busy + self.world.chance.uniform(0, 0.05))


@dataclass(frozen=True)
class _Maker:
    at: float
    service: str
    instance: str

    def __call__(self, name: str, value: float, form: str = "gauge", labels: tuple[tuple[str, str], ...] = (),
                 count: int = 0, unit: str = "") -> Point:  # fmt: skip
        return Point(self.at, self.service, self.instance, name, float(value), form, labels, count, unit)
