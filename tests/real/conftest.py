"""One whole space on Apache Kafka, Jaeger, the OpenTelemetry Collector, Chroma and PostgreSQL, for all tests here."""

from collections.abc import Iterator

import pytest
from support.live import LiveSpace
from support.past import give_a_past
from support.real_servers import missing, real_servers
from support.real_space import RealSpace, start_on
from support.repairs import restored


@pytest.fixture(scope="session")
def real_space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSpace]:
    """Start the servers and the space, with a past; fail if a process logged a traceback."""
    if why := missing():
        pytest.skip(f"{why} (docs/real-servers.md)")
    folder = tmp_path_factory.mktemp("real")
    with real_servers(folder) as servers, start_on(servers, folder) as real:
        give_a_past(real.live)
        yield real
    state = real.live.state
    crashed = {path.name for path in state.logs.glob("*.log") if "Traceback" in path.read_text()}
    assert not crashed, f"see the logs in {state.root}"


@pytest.fixture
def real(real_space: RealSpace) -> RealSpace:
    """Return the space once it is healthy."""
    real_space.live.healthy()
    return real_space


@pytest.fixture
def desired(real: RealSpace) -> Iterator[LiveSpace]:
    """Yield the space, healthy and with no recent incident; end faults and reset the desired state after the test."""
    with restored(real.live) as live:
        yield live
