"""The process of the warden: `python -m sre_space.bootstrap.warden`. It enforces memory limits, and deploys main."""

import logging
import signal
import sys
import threading
from collections.abc import Mapping

from sre_space.bootstrap import space_supervisor
from sre_space.bootstrap.deploy_watch import follow
from sre_space.bootstrap.space_state import State
from sre_space.domain.errors import SpaceError
from sre_space.embedded.warden.memory import Warden
from sre_space.settings import Warden as Settings


def main() -> None:
    """Watch memory and main until told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s warden %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings.read()

    def pids() -> Mapping[str, int]:
        try:
            units = space_supervisor.units(settings.runtime_socket)
        except SpaceError as error:
            raise OSError(str(error)) from error
        return {unit.name: unit.pid for unit in units if unit.pid}

    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    state = settings.sre_space_state

    def deploying() -> None:
        try:
            follow(State(state), stopped.wait)
        finally:  # a bug ends the process: supervisord starts it again
            stopped.set()

    threading.Thread(target=deploying, name="deploying", daemon=True).start()
    Warden(state / "deploy" / "config" / "space.env", state / "run" / "warden.jsonl", pids).run(stopped.wait)


if __name__ == "__main__":
    main()
