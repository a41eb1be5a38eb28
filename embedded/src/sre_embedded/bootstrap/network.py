"""The process of the network between the services: `python -m sre_embedded.bootstrap.network`."""

import asyncio

from sre_embedded.listening import bind
from sre_embedded.servers.network import control
from sre_embedded.servers.network.link import Link
from sre_embedded.settings import NetworkSettings
from sre_space.bootstrap import server
from sre_space.domain.errors import Malformed

MIN_SECRET = 16  # characters


async def _work(settings: NetworkSettings) -> None:
    policies = bind(settings.policy_service_link_port, "POLICY_SERVICE_LINK_PORT")
    users = bind(settings.user_service_link_port, "USER_SERVICE_LINK_PORT")
    links = (Link("policy-service", settings.policy_service_port), Link("user-service", settings.user_service_port))
    async with asyncio.TaskGroup() as group:
        for link, listener in zip(links, (policies, users), strict=True):
            group.create_task(link.serve(listener))
        if settings.network_socket is not None and settings.network_secret_file is not None:
            try:
                secret = settings.network_secret_file.read_text()
            except (OSError, UnicodeDecodeError) as error:
                raise Malformed(f"NETWORK_SECRET_FILE: {error}; `sre-space up` makes it") from error
            if len(secret) < MIN_SECRET:
                raise Malformed(f"{settings.network_secret_file} is damaged; `sre-space up` makes it anew")
            group.create_task(control.serve(settings.network_socket, secret, links))


if __name__ == "__main__":
    server.run("network", NetworkSettings, _work)
