"""The consoles on which commands print tables, long texts and progress."""

import contextlib

from rich.console import Console


class Screen(Console):
    """A console that lets the error of a closed pipe propagate to `edge.run`."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that rich is handling."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


out, err = Screen(), Screen(stderr=True)


def progress(text: str) -> None:
    """Print progress on stderr; ignore a closed stderr, so that the command continues."""
    with contextlib.suppress(OSError):
        err.print(text, style="dim", markup=False)
