"""The process of the network in front of the application: `python -m sre_embedded.bootstrap.network`."""

import asyncio
import re
import socket
from collections.abc import Mapping

from sre_embedded.listening import HOST, bind
from sre_embedded.servers.network import control
from sre_embedded.servers.network.link import Link
from sre_embedded.settings import NetworkSettings
from sre_space.bootstrap import server
from sre_space.domain.errors import Malformed

MIN_SECRET = 16  # characters
_LINK = re.compile(r"([a-z0-9-]+)=(\d{1,5}):(?:([a-z0-9][a-z0-9.-]*):)?(\d{1,5})")


def parse_links(text: str) -> Mapping[int, Link]:
    """Return the links by the port on which each listens; raise `Malformed` for what is not `NAME=PORT:[HOST:]TO`."""
    found = {}
    for part in filter(None, text.split(",")):
        match = _LINK.fullmatch(part)
        if match is None:
            raise Malformed(f"NETWORK_LINKS: {part!r} is not NAME=PORT:TO, such as web=9101:9001 or web=9101:shop:9001")
        found[int(match[2])] = Link(match[1], int(match[4]), match[3] or HOST)
    return found


async def _work(settings: NetworkSettings) -> None:
    links = parse_links(settings.network_links)
    listeners: list[tuple[Link, socket.socket]] = [
        (link, bind(port, link.service, settings.listen_host)) for port, link in links.items()
    ]
    async with asyncio.TaskGroup() as group:
        for link, listener in listeners:
            group.create_task(link.serve(listener))
        if settings.network_socket is not None and settings.network_secret_file is not None:
            try:
                secret = settings.network_secret_file.read_text()
            except (OSError, UnicodeDecodeError) as error:
                raise Malformed(f"NETWORK_SECRET_FILE: {error}; `sre-space up` makes it") from error
            if len(secret) < MIN_SECRET:
                raise Malformed(f"{settings.network_secret_file} is damaged; `sre-space up` makes it anew")
            group.create_task(control.serve(settings.network_socket, secret, tuple(links.values())))


if __name__ == "__main__":
    server.run("network", NetworkSettings, _work)
