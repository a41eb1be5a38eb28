"""What a process tells of its use of resources."""

from collections.abc import Iterator

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from sqlalchemy import create_engine
from sqlalchemy.pool import QueuePool

from service_kit import vitals


def told(reader: InMemoryMetricReader) -> Iterator[tuple[str, float]]:
    """Every metric's name and last value."""
    data = reader.get_metrics_data()
    assert data is not None
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield from ((metric.name, point.value) for point in metric.data.data_points)  # type: ignore[union-attr]


def test_memory_cpu_and_files_are_told_with_the_limit_of_files() -> None:
    reader = InMemoryMetricReader()
    vitals.observe(MeterProvider([reader]).get_meter("test"))

    levels = dict(told(reader))

    assert levels["process.memory.usage"] > 1_000_000
    assert 0 < levels["process.unix.file_descriptor.count"] < levels["process.unix.file_descriptor.limit"]
    assert levels["process.cpu.utilization"] >= 0


def test_connections_in_use_are_told_with_the_pools_limit() -> None:
    reader = InMemoryMetricReader()
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=2, max_overflow=1)
    assert isinstance(engine.pool, QueuePool)
    vitals.observe_pool(MeterProvider([reader]).get_meter("test"), engine.pool)
    with engine.connect(), engine.connect():
        in_use = dict(told(reader))
    afterwards = dict(told(reader))

    assert in_use == {"db.client.connection.count": 2, "db.client.connection.max": 3}
    assert afterwards["db.client.connection.count"] == 0
    engine.dispose()
