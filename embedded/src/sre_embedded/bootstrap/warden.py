"""The process of the warden: `python -m sre_embedded.bootstrap.warden`.

It enforces memory limits, and pages a person for a process in a crash loop that Fixer does not watch.
"""

import functools
import logging
import signal
import sys
import threading

from sre_embedded.servers.warden.memory import Warden
from sre_embedded.servers.warden.pids import listed_pids
from sre_embedded.settings import WardenSettings as Settings
from sre_space.adapters.config_file import read_config
from sre_space.bootstrap.notify import notifier
from sre_space.bootstrap.runtime import units
from sre_space.bootstrap.space.crash_watch import CHECK_EVERY_S, CrashWatch
from sre_space.bootstrap.space.state import SpaceState
from sre_space.env_file import environment_of_process
from sre_space.exits import one_sentence

LEAVE_S = 2.0  # for the watch of crash loops to end


def main() -> None:
    """Enforce memory limits and watch for crash loops until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s warden %(levelname)s %(message)s")
    with one_sentence("warden"):
        _work(Settings.read(environment_of_process().lines))


def _work(settings: Settings) -> None:
    pids = functools.partial(listed_pids, settings.needed("runtime_read_socket"))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    state = SpaceState(settings.sre_space_state)
    excluded = ("warden", *units(read_config(settings.sre_space_chart)))
    crashes = CrashWatch(state, notifier(settings.sre_notify_urls), excluded=excluded)

    def watch_crashes() -> None:
        try:
            while not stopped.wait(CHECK_EVERY_S):
                crashes.check()
        finally:  # an unexpected error ends the whole process: supervisord restarts it
            stopped.set()

    watching = threading.Thread(target=watch_crashes, name="watching", daemon=True)
    watching.start()
    Warden(state.limits, state.warden_journal, pids).run(stopped.wait)
    watching.join(LEAVE_S)


if __name__ == "__main__":
    main()
