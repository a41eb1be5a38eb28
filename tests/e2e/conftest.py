"""One whole space for all end-to-end tests that do not end it themselves."""

import os
from collections.abc import Iterator

import pytest
from support.live import LiveSpace, start
from support.past import give_a_past
from support.shards import VARIABLES, left_out


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the other parts of a matrix out. Start the space that many tests share last, beside no other one.

    Its tests begin with those that leave it healthy: the first diagnosis of a slow service needs a healthy minute.
    """
    matrices = {marker: [item for item in items if item.get_closest_marker(marker)] for marker in VARIABLES}
    try:
        others = left_out(matrices, os.environ)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    names = getattr(item, "fixturenames", ())
    if "live_space" not in names:
        return 0
    return next((turn for turn, name in enumerate(("calm", "desired"), 1) if name in names), 3)


@pytest.fixture(scope="session")
def live_space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    """Start one space for all tests, with a past; stop it at the end, and fail if a process logged a traceback."""
    live = start(tmp_path_factory.mktemp("space"))
    try:
        give_a_past(live)
        yield live
    finally:
        live.down()
    crashed = {path.name for path in live.state.log("any").parent.glob("*.log") if "Traceback" in path.read_text()}
    assert not crashed, f"see the logs in {live.state.root}"


@pytest.fixture
def live(live_space: LiveSpace) -> LiveSpace:
    """Return the space, not halted, once it is healthy."""
    live_space.state.halt.unlink(missing_ok=True)
    live_space.healthy()
    return live_space


@pytest.fixture
def calm(live: LiveSpace) -> LiveSpace:
    """Return the same space, for a test that breaks nothing."""
    return live
