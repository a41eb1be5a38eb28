"""Processes that stand still for a while, as a suspended laptop, a paused machine or a debugger leaves them."""

import contextlib
import time
from collections.abc import Iterator

import psutil
from support.live import LiveSpace


@contextlib.contextmanager
def pause(*pids: int, seconds: float = 0.0) -> Iterator[None]:
    """Stop processes (SIGSTOP); they go on at the end of the block, and not before `seconds` have passed."""
    stopped, begun = [psutil.Process(pid) for pid in pids], time.monotonic()
    try:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
        time.sleep(max(0.0, begun + seconds - time.monotonic()))  # the pause itself, and no condition
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def whole(live: LiveSpace) -> tuple[int, ...]:
    """Return the process ids of a space: its runtime first, then all that the runtime started."""
    runtime = psutil.Process(live.pid("scout")).parent()
    assert runtime is not None
    return runtime.pid, *(child.pid for child in runtime.children(recursive=True))
