"""Settings of all tests."""

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
