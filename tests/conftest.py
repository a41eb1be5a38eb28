"""Settings of all tests."""

import pytest
from hypothesis import HealthCheck, settings

# A time never decides a test: machines are shared.
settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared-machine")


@pytest.hookimpl(tryfirst=True)  # before xdist looks for the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run side by side, those with a space run one after the other, and first: they take longest."""
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.xdist_group("space"))
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
