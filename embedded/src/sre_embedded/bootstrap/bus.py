"""The process of the embedded bus: `python -m sre_embedded.bootstrap.bus`."""

from sre_embedded.listening import bind
from sre_embedded.servers.bus.server import serve
from sre_embedded.settings import BusSettings
from sre_space.bootstrap import server
from sre_space.paths import StatePaths


async def _work(settings: BusSettings) -> None:
    await serve(StatePaths(settings.sre_space_state).bus, bind(settings.bus_port, "BUS_PORT"))


if __name__ == "__main__":
    server.run("bus", BusSettings, _work)
