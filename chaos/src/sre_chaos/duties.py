"""The duties of background processes, which sustain faults, by name; `background` starts them."""

import sys
import time
from collections.abc import Sequence

from sre_chaos.background import LOOK_EVERY_S, Stopped, serve
from sre_chaos.injectors.database import hold_lock
from sre_chaos.injectors.memory import send_endlessly
from sre_chaos.recovery import LATER, undo
from sre_chaos.run import Run


def recover_later(run: Run, stopped: Stopped, arguments: Sequence[str]) -> None:
    """Undo this run after as many seconds as the first argument says."""
    deadline = time.monotonic() + float(arguments[0])
    while time.monotonic() < deadline and not stopped():
        time.sleep(LOOK_EVERY_S)
    if not stopped():
        undo(run)


DUTIES = {"lock": hold_lock, "upload": send_endlessly, LATER: recover_later}


if __name__ == "__main__":
    sys.exit(serve(DUTIES, sys.argv[1:]))
