"""What this process uses, as metrics `process.*` (OpenTelemetry semantic conventions): memory, CPU, open files."""

import resource
from collections.abc import Callable, Iterable

import psutil
from opentelemetry.metrics import CallbackOptions, Meter, Observation


def observe(meter: Meter) -> None:
    """Tell them with every export."""
    process = psutil.Process()
    process.cpu_percent()  # the first answer counts from here
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    gauges: tuple[tuple[str, str, Callable[[], float]], ...] = (
        ("process.memory.usage", "By", lambda: process.memory_info().rss),
        ("process.cpu.utilization", "1", lambda: process.cpu_percent() / 100),
        ("process.unix.file_descriptor.count", "{file_descriptor}", process.num_fds),
        ("process.unix.file_descriptor.limit", "{file_descriptor}", lambda: soft),
    )
    for name, unit, value in gauges:
        meter.create_observable_gauge(name, [_callback(value)], unit)


def _callback(value: Callable[[], float]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _: [Observation(value())]
