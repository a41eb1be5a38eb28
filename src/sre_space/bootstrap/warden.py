"""The process of the warden: `python -m sre_space.bootstrap.warden`.

It enforces memory limits, deploys main, and pages a person for a process in a crash loop.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping

from sre_space.adapters.config_file import read_config
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.bootstrap.deployer import ForgeAccess, deployer
from sre_space.bootstrap.held_units import HeldUnits
from sre_space.bootstrap.notify import notifier
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.crash_watch import CHECK_EVERY_S, CrashWatch
from sre_space.bootstrap.space.state import SpaceState
from sre_space.bootstrap.units import units
from sre_space.deployment.watch import MainFollower
from sre_space.domain.errors import SpaceError
from sre_space.domain.space_config import SpaceConfig
from sre_space.embedded.warden.memory import Warden
from sre_space.env_file import environment_of_process
from sre_space.exits import one_sentence
from sre_space.settings import WardenSettings as Settings

LEAVE_S = 2.0  # for each thread to close its connections


def main() -> None:
    """Enforce memory limits and deploy main until SIGTERM or SIGINT."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s warden %(levelname)s %(message)s")
    for noisy in ("httpx", "httpx2", "mcp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with one_sentence("warden"):
        _work(Settings.read(environment_of_process().lines))


def _work(settings: Settings) -> None:
    settings.needed("runtime_socket")
    config = read_config(settings.sre_space_chart)

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
    calls, held = notifier(settings.sre_notify_urls), HeldUnits(settings, config).held
    crashes = CrashWatch(SpaceState(state), calls, excluded=("warden",), held=held)

    def watch_crashes() -> None:
        while not stopped.wait(CHECK_EVERY_S):
            crashes.check()

    def until_stopped(work: Callable[[], None]) -> None:
        try:
            work()
        finally:  # an unexpected error ends the whole process: supervisord restarts it
            stopped.set()

    def deploy_main() -> None:
        asyncio.run(_deploy(settings, config, stopped))

    works = (("deploying", deploy_main), ("watching", watch_crashes))
    threads = [threading.Thread(target=until_stopped, args=(work,), name=name, daemon=True) for name, work in works]
    for thread in threads:
        thread.start()
    Warden(SpaceState(state).limits, SpaceState(state).warden_journal, pids).run(stopped.wait)
    for thread in threads:
        thread.join(LEAVE_S)


async def _deploy(settings: Settings, config: SpaceConfig, stopped: threading.Event) -> None:
    """Deploy main whenever it moves, until `stopped` is set."""
    forge = ForgeAccess(
        settings.forge_url,
        settings.github_personal_access_token,
        settings.repo_owner,
        settings.repo_name,
        settings.github_api_url,
    )
    runtime = SupervisordRuntime(settings.runtime_socket, units(config))
    bus = settings.kafka_bootstrap_servers
    async with deployer(SpaceState(settings.sre_space_state), config, forge, runtime, bus) as main_deployer:
        following = asyncio.create_task(MainFollower(main_deployer, settings.poll_seconds).follow())
        ending = asyncio.create_task(asyncio.to_thread(stopped.wait))
        try:
            await asyncio.wait([following, ending], return_when=asyncio.FIRST_COMPLETED)
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        finally:
            stopped.set()  # also after an error, so that no thread waits for this event forever


if __name__ == "__main__":
    main()
