"""The process of the embedded telemetry server: `python -m sre_space.bootstrap.telemetry`."""

import asyncio
import socket
import sqlite3
from pathlib import Path

from sre_space.bootstrap import server
from sre_space.domain.errors import Malformed
from sre_space.embedded.databases import is_damage
from sre_space.embedded.listening import bind, serve
from sre_space.embedded.telemetry import jaeger_api
from sre_space.embedded.telemetry.intake import Intake
from sre_space.embedded.telemetry.receivers import http_app, serve_grpc
from sre_space.embedded.telemetry.republish import Republisher
from sre_space.embedded.telemetry.store import connect, set_damaged_aside
from sre_space.settings import Telemetry


async def _work(settings: Telemetry) -> None:
    path = settings.sre_space_state / "telemetry" / "spans.db"
    otlp, jaeger = bind(settings.otlp_http_port, "OTLP_HTTP_PORT"), bind(settings.jaeger_port, "JAEGER_PORT")
    set_damaged_aside(path)
    connect(path).close()
    try:
        await _serve(settings, path, otlp, jaeger)
    except* sqlite3.DatabaseError as group:
        if not set_damaged_aside(path) and group.subgroup(_is_no_damage):
            raise
        raise Malformed(f"{path} has become damaged; it was set aside, and is begun anew at the next start") from group


async def _serve(settings: Telemetry, path: Path, otlp: socket.socket, jaeger: socket.socket) -> None:
    republisher = Republisher(path, settings.kafka_bootstrap_servers)
    intake = Intake(path, settings.spans_retention_seconds, republisher.wake.set)
    damaged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(_failed(damaged))
        group.create_task(intake.run())
        group.create_task(republisher.run(intake.forget))
        group.create_task(serve(http_app(intake), otlp))
        group.create_task(serve(jaeger_api.app(path, damaged), jaeger))
        group.create_task(serve_grpc(intake, settings.otlp_grpc_port))


def _is_no_damage(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and not is_damage(error)


async def _failed(damaged: "asyncio.Future[None]") -> None:
    """Raises what a question about the spans met, and ends the process by it."""
    await damaged


if __name__ == "__main__":
    server.run("telemetry", Telemetry, _work)
