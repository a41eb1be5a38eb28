"""The process of the embedded telemetry server: `python -m sre_embedded.bootstrap.telemetry`."""

import asyncio
import logging
import sqlite3
from collections.abc import Coroutine, Iterable

from sre_embedded.listening import bind, names, serve
from sre_embedded.servers.telemetry import jaeger_api
from sre_embedded.servers.telemetry.authorizer import Authorizer
from sre_embedded.servers.telemetry.intake import Intake
from sre_embedded.servers.telemetry.receivers import http_app, serve_grpc
from sre_embedded.servers.telemetry.republish import Republisher
from sre_embedded.servers.telemetry.store import connect, set_damaged_aside
from sre_embedded.settings import TelemetrySettings
from sre_embedded.space.telemetry_secrets import read_tokens
from sre_space.bootstrap import server
from sre_space.bootstrap.record_key import read_record_key
from sre_space.domain.errors import Malformed
from sre_space.paths import StatePaths

log = logging.getLogger(__name__)


async def _work(settings: TelemetrySettings) -> None:
    authorizer, key = (
        Authorizer(read_tokens(settings.telemetry_tokens_file)),
        read_record_key(settings.telemetry_record_key_file),
    )
    if authorizer.tokens is None:
        log.warning("any sender may send telemetry for any service; set TELEMETRY_TOKENS_FILE to require a token")
    path = StatePaths(settings.sre_space_state).spans
    host, hosts = settings.listen_host, names(settings.allowed_hosts)
    otlp = bind(settings.otlp_http_port, "OTLP_HTTP_PORT", host)
    jaeger = bind(settings.jaeger_port, "JAEGER_PORT", host)
    set_damaged_aside(path)
    connect(path).close()
    republisher = Republisher(path, settings.kafka_bootstrap_servers, key)
    intake = Intake(path, settings.spans_retention_seconds, settings.spans_max_bytes, republisher.wake.set)
    damaged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    tasks = (
        intake.run(),
        republisher.run(intake.mark_published),
        serve(http_app(authorizer, intake), otlp, hosts=hosts),
        serve(jaeger_api.app(path, damaged, settings.sre_dashboard_url.rstrip("/")), jaeger, hosts=hosts),
        serve_grpc(authorizer, intake, settings.otlp_grpc_port, host),
        _failed(damaged),
    )
    try:
        await _all(tasks)
    except* sqlite3.DatabaseError as group:
        if set_damaged_aside(path):
            message = f"{path} has become damaged; it was set aside, and the next start creates a new one"
            raise Malformed(message) from group
        raise


async def _all(tasks: Iterable[Coroutine[None, None, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(task)


async def _failed(damaged: "asyncio.Future[None]") -> None:
    """Raise the database error that a Jaeger query met, which ends the process."""
    await damaged


if __name__ == "__main__":
    server.run("telemetry", TelemetrySettings, _work)
