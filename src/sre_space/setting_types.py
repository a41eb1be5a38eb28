"""The types of settings whose values are checked when they are read: addresses, tokens and names."""

from typing import Annotated

from pydantic import AfterValidator

from sre_space.codec import addresses

Url = Annotated[str, AfterValidator(addresses.http_url)]
OptionalUrl = Annotated[str, AfterValidator(addresses.optional(addresses.http_url))]
Endpoint = Annotated[str, AfterValidator(addresses.telemetry_endpoint)]
OptionalEndpoint = Annotated[str, AfterValidator(addresses.optional(addresses.telemetry_endpoint))]
Servers = Annotated[str, AfterValidator(addresses.bus_servers)]
OptionalServers = Annotated[str, AfterValidator(addresses.optional(addresses.bus_servers))]
Token = Annotated[str, AfterValidator(addresses.bearer_token)]
ComposeName = Annotated[str, AfterValidator(addresses.optional(addresses.compose_name))]
DockerAddress = Annotated[str, AfterValidator(addresses.docker_address)]
ListenAddress = Annotated[str, AfterValidator(addresses.listen_address)]
RepositoryPart = Annotated[str, AfterValidator(addresses.repository_part)]
