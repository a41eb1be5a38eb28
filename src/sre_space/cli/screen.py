"""What the commands print tables and long texts with."""

import contextlib

from rich.console import Console


class Screen(Console):
    """A console that leaves a closed pipe to `edge.run`."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


out, err = Screen(), Screen(stderr=True)


def progress(text: str) -> None:
    """Tell on stderr how it gets on; what is started or ended goes on when nobody hears it."""
    with contextlib.suppress(OSError):
        err.print(text, style="dim", markup=False)
