"""Settings of all tests."""

import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from support.amounts import amount

# A time never decides a test: machines are shared.
settings.register_profile(
    "shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=amount(100, 25)
)
settings.load_profile("shared-machine")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Return the name of the backend that runs in production."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _sockets() -> Iterator[None]:
    """Keep the sockets of state folders with long paths in a folder that is removed after the tests."""
    with tempfile.TemporaryDirectory(prefix="sre-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)
        yield
