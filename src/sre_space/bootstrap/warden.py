"""The process of the warden: `python -m sre_space.bootstrap.warden`.

It enforces memory limits, deploys main, and calls a person for a process that cannot start.
"""

import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial

from sre_space.bootstrap import space_supervisor
from sre_space.bootstrap.crash_watch import LOOK_EVERY_S, CrashWatch
from sre_space.bootstrap.deploy_watch import follow
from sre_space.bootstrap.exits import one_sentence
from sre_space.bootstrap.notify import notifier
from sre_space.bootstrap.space_state import State
from sre_space.domain.errors import SpaceError
from sre_space.embedded.warden.memory import Warden
from sre_space.settings import Warden as Settings


def main() -> None:
    """Watch memory and main until told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s warden %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with one_sentence("warden"):
        _work(Settings.read())


def _work(settings: Settings) -> None:
    def pids() -> Mapping[str, int]:
        try:
            units = space_supervisor.units(settings.runtime_socket)
        except SpaceError as error:
            raise OSError(str(error)) from error
        return {unit.name: unit.pid for unit in units if unit.pid}

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    state = settings.sre_space_state
    crashes = CrashWatch(State(state), notifier(settings.sre_notify_urls), besides=("warden",))

    def watching() -> None:
        while not stopped.wait(LOOK_EVERY_S):
            crashes.look()

    def until_stopped(work: Callable[[], None]) -> None:
        try:
            work()
        finally:  # a bug ends the process: supervisord starts it again
            stopped.set()

    deploying = partial(follow, State(state), stopped.wait)
    for name, work in (("deploying", deploying), ("watching", watching)):
        threading.Thread(target=until_stopped, args=(work,), name=name, daemon=True).start()
    Warden(state / "deploy" / "config" / "space.env", state / "run" / "warden.jsonl", pids).run(stopped.wait)


if __name__ == "__main__":
    main()
