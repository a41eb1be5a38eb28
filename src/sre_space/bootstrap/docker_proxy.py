"""The process of a proxy in front of Docker's socket: `python -m sre_space.bootstrap.docker_proxy`."""

import logging
import os

from sre_space.adapters.docker.engine import Engine
from sre_space.adapters.halt_file import HaltFile
from sre_space.bootstrap import server
from sre_space.docker_proxy.head import LOOPBACK
from sre_space.docker_proxy.limits import MemoryBounds
from sre_space.docker_proxy.proxy import DockerProxy
from sre_space.docker_proxy.rules import Door, Rules
from sre_space.docker_proxy.serving import bind, serve
from sre_space.domain.errors import Malformed, Refused
from sre_space.paths import StatePaths
from sre_space.settings import DockerProxySettings as Settings

log = logging.getLogger(__name__)


class NeverHalted:
    """The kill switch of the door that injects faults: it stops the agents' actions, and people undo their faults."""

    def halted(self) -> bool:
        """Return False."""
        return False

    def halt(self) -> None:
        """Raise `Refused`: nothing behind this door is the agents' to stop."""
        raise Refused("this door has no kill switch")


async def _work(settings: Settings) -> None:
    if settings.docker_proxy_user and os.geteuid() == 0:
        _become(settings.docker_proxy_user, settings.docker_proxy_engine)
    door = Door(settings.needed("docker_proxy_door"))
    proxy = DockerProxy(
        rules=Rules(door, settings.needed("docker_proxy_project")),
        engine=Engine(settings.docker_proxy_engine),
        kill_switch=NeverHalted() if door is Door.CHAOS else HaltFile(StatePaths(settings.sre_space_state).halt),
        hosts=LOOPBACK | _names(settings.docker_proxy_hosts),
        services=_names(
            settings.needed("docker_proxy_services") if door is Door.CHAOS else settings.docker_proxy_services
        ),
        bounds=MemoryBounds(settings.docker_proxy_max_memory_bytes),
    )
    host, _, port = settings.docker_proxy_listen.rpartition(":")
    listener = bind(host, int(port))
    log.info("the %s door of the project %s listens at %s:%s", proxy.rules.door, proxy.rules.project, host, port)
    await serve(proxy, listener)


def _become(user: int, engine: str) -> None:
    """Become a user without rights, who is a member of the group of the engine's socket and of no other."""
    path = engine.removeprefix("unix://")
    if path == engine:
        groups = []
    else:
        try:
            groups = [os.stat(path).st_gid]
        except OSError as error:
            raise Malformed(f"DOCKER_PROXY_ENGINE {engine}: {error.strerror}; mount Docker's socket there") from error
    os.setgroups(groups)
    os.setgid(user)
    os.setuid(user)


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    server.run("docker-proxy", Settings, _work)
