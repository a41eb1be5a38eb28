"""One whole space for all end-to-end tests that do not end it themselves."""

from collections.abc import Iterator

import pytest
from support.live import LiveSpace, start

from sre_space.bootstrap import space


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The space that many tests share is started last: beside another one it would take half of the machine."""
    items.sort(key=lambda item: "live_space" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def live_space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSpace]:
    """Started once; ended whatever happens. A bug that a process only logged fails the last test."""
    live = start(tmp_path_factory.mktemp("space"))
    yield live
    space.down(live.state, lambda _: None)
    crashed = {path.name for path in live.state.log("any").parent.glob("*.log") if "Traceback" in path.read_text()}
    assert not crashed, f"see the logs in {live.state.root}"


@pytest.fixture
def live(live_space: LiveSpace) -> LiveSpace:
    """The space, healthy."""
    live_space.state.halt.unlink(missing_ok=True)
    live_space.healthy()
    return live_space
