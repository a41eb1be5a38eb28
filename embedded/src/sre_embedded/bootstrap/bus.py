"""The process of the embedded bus: `python -m sre_embedded.bootstrap.bus`."""

from sre_embedded.listening import bind
from sre_embedded.servers.bus.server import NetworkListener, serve
from sre_embedded.settings import BusSettings
from sre_space.bootstrap import server
from sre_space.domain.errors import Malformed
from sre_space.paths import StatePaths


async def _work(settings: BusSettings) -> None:
    listener = bind(settings.bus_port, "BUS_PORT", settings.listen_host)
    await serve(StatePaths(settings.sre_space_state).bus, listener, _network(settings))


def _network(settings: BusSettings) -> NetworkListener | None:
    """Return the listener for containers; None where no address for them is set."""
    host, _, port = settings.bus_network_address.rpartition(":")
    if not settings.bus_network_address:
        return None
    if not host or not port.isdecimal():
        raise Malformed(f"BUS_NETWORK_ADDRESS: {settings.bus_network_address!r} has no port; write kafka:19092")
    return NetworkListener(host, bind(int(port), "BUS_NETWORK_ADDRESS", settings.listen_host))


if __name__ == "__main__":
    server.run("bus", BusSettings, _work)
