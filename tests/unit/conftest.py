"""What holds for every unit test."""

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def _exporters() -> Iterator[None]:
    """Fail when a module leaves an exporter of telemetry running: its thread draws from `random` while others test."""
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("Otel")] == []
