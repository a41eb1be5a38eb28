"""What the state folder says of a unit beside supervisord: limit and starts, whatever stands in its files."""

from pathlib import Path

import pytest

from sre_space.adapters.supervisord_units import unit_of
from sre_space.paths import StatePaths

INFO = {"statename": "EXITED", "pid": 0, "start": 5, "stop": 9, "exitstatus": 0, "spawnerr": ""}
DIGEST = "0" * 64


def told(folder: Path, running: str | None, started: str | None) -> tuple[int | None, int | None]:
    """Return limit and restarts of a unit whose files have these texts (None: there is no such file)."""
    state = StatePaths(folder)
    state.environments.mkdir(parents=True)
    for path, text in ((state.running("web"), running), (state.started("web"), started)):
        if text is not None:
            path.write_text(text)
    unit = unit_of("web", INFO, state)
    return unit.memory_limit, unit.restarts


@pytest.mark.parametrize(
    ("running", "limit"),
    [
        (f"{DIGEST}\n400000000\n", 400_000_000),  # as 0.1.0 wrote it, too
        (f"{DIGEST}\n\n", None),
        (f"{DIGEST}\n400MB\n", None),
        (f"{DIGEST}\n{'9' * 19}\n", None),
        (DIGEST, None),
        ("", None),
        (None, None),
    ],
)
def test_the_limit_is_the_one_that_the_launcher_recorded(
    tmp_path: Path, running: str | None, limit: int | None
) -> None:
    assert told(tmp_path, running, None) == (limit, None)


@pytest.mark.parametrize(
    ("started", "restarts"), [("1 0\n", 0), ("4 0\n", 3), ("0 0\n", None), ("x\n", None), (None, None)]
)
def test_restarts_are_the_starts_after_the_first(tmp_path: Path, started: str | None, restarts: int | None) -> None:
    assert told(tmp_path, None, started) == (None, restarts)


def test_without_a_state_folder_neither_is_known() -> None:
    unit = unit_of("web", INFO)

    assert (unit.memory_limit, unit.restarts, unit.instance) == (None, None, "")
