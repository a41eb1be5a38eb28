"""The resource usage of this process and its limits, as metrics by OpenTelemetry's semantic conventions.

`process.*`: memory, CPU, open files. `db.client.connection.*`: the pool; a request waits while all are in use.
"""

import resource
from collections.abc import Callable, Iterable

import psutil
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy.pool import QueuePool


def observe(meter: Meter) -> None:
    """Register gauges of memory, CPU and open files of this process."""
    process = psutil.Process()
    process.cpu_percent()  # the first call starts the measurement
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    gauges: tuple[tuple[str, str, Callable[[], float]], ...] = (
        ("process.memory.usage", "By", lambda: process.memory_info().rss),
        ("process.cpu.utilization", "1", lambda: process.cpu_percent() / 100),
        ("process.unix.file_descriptor.count", "{file_descriptor}", process.num_fds),
        ("process.unix.file_descriptor.limit", "{file_descriptor}", lambda: soft),
    )
    for name, unit, value in gauges:
        meter.create_observable_gauge(name, [_callback(value)], unit)


def observe_pool(meter: Meter, pool: QueuePool) -> None:
    """Register counters of the connections in use and of the pool's maximum."""
    used = {"state": "used"}
    meter.create_observable_up_down_counter(
        "db.client.connection.count", [lambda _: [Observation(pool.checkedout(), used)]], "{connection}"
    )
    maximum = pool.size() + pool._max_overflow  # noqa: SLF001 - SQLAlchemy has no public property for it
    meter.create_observable_up_down_counter("db.client.connection.max", [_callback(lambda: maximum)], "{connection}")


def _callback(value: Callable[[], float]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _: [Observation(value())]
