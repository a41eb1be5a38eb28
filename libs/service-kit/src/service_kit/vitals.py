"""What this process uses, against its limits, as metrics after OpenTelemetry's semantic conventions.

`process.*`: memory, CPU, open files. `db.client.connection.*`: the pool; who finds all in use waits in its queue.
"""

import resource
from collections.abc import Callable, Iterable

import psutil
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy.pool import QueuePool


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


def observe_pool(meter: Meter, pool: QueuePool) -> None:
    """Tell how many connections are in use, and how many there can be."""
    used = {"state": "used"}
    meter.create_observable_up_down_counter(
        "db.client.connection.count", [lambda _: [Observation(pool.checkedout(), used)]], "{connection}"
    )
    most = pool.size() + pool._max_overflow  # noqa: SLF001 - SQLAlchemy tells it nowhere else
    meter.create_observable_up_down_counter("db.client.connection.max", [_callback(lambda: most)], "{connection}")


def _callback(value: Callable[[], float]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    return lambda _: [Observation(value())]
