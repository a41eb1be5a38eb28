"""What supervisord cannot tell of an end by a signal, the warden's journal does."""

from pathlib import Path

import pytest

from sre_space.adapters.supervisord_units import _out_of_memory
from sre_space.ports.runtime import Unit

KILL = '{"event": "oom", "time": 1000.4, "unit": "tax", "pid": 7, "rss": 41, "limit": 40}\n'


def ended(name: str, at: int) -> Unit:
    """Return a unit that ended at this Unix second."""
    return Unit(name, "exited", f"ended:{at}", None, at * 10**9, None, "ended by a signal")


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        (ended("tax", 1000), "killed: out of memory, 41 bytes of 40 allowed"),
        (ended("tax", 1060), ""),
        (ended("cart", 1000), ""),
    ],
)
def test_an_end_is_out_of_memory_when_the_warden_killed_that_unit_then(tmp_path: Path, unit: Unit, told: str) -> None:
    journal = tmp_path / "warden.jsonl"
    journal.write_text(KILL)

    assert _out_of_memory(journal, unit) == told


def test_without_a_journal_nothing_is_known(tmp_path: Path) -> None:
    assert _out_of_memory(tmp_path / "warden.jsonl", ended("tax", 1000)) == ""
