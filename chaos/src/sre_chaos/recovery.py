"""The recovery from injected faults: of one run, or of all active runs, newest first."""

from sre_chaos import background
from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.journal import Active, Journal
from sre_chaos.run import Run
from sre_chaos.space import Space

LATER = "later"


def undo(run: Run) -> None:
    """Undo one run, unless it was undone already."""
    journal = Journal.of(run.space)
    for entry in journal.active():
        if entry.canary == run.canary:
            EXPERIMENTS[entry.fault].recover(run, entry.undo)
            journal.end(entry.canary)


def undo_all(space: Space) -> list[Active]:
    """Undo all active runs; return what was active."""
    active = Journal.of(space).active()
    for entry in active:
        run = Run(space, entry.service, entry.canary)
        background.stop(run, LATER)
        undo(run)
    return active
