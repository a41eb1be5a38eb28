"""The app factory: every service gets telemetry, problem details, `/health` and `/ready`.

It serves on loopback, in a container on its network.
"""

import errno
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from service_kit import problems
from service_kit.hosts import OnlyAllowedHosts
from service_kit.outbox import Relay
from service_kit.overload import ConcurrencyLimit
from service_kit.settings import ServiceSettings
from service_kit.telemetry import Telemetry

PORT_IN_USE = 2
PROBES = ("/health", "/ready")
SWITCH_S = 0.001  # the interpreter's thread switch interval: with the default of 5 ms, worker threads delay the probes


def create_app(
    name: str, settings: ServiceSettings, engine: Engine, relay: Relay, telemetry: Telemetry | None = None
) -> FastAPI:
    """Return the app of a service with its database; without `telemetry` (in a test) nothing is exported."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        relay.start()
        yield
        relay.stop()
        if telemetry:
            telemetry.flush()

    app = FastAPI(
        title=name,
        version=settings.service_version,
        lifespan=lifespan,
        responses=problems.RESPONSES,
        telemetry={"operation_spans": False, "logs": False, "exclude": _is_probe},
    )
    problems.install(app)
    app.add_middleware(ConcurrencyLimit, limit=settings.requests_at_once, exempt=PROBES)
    app.add_middleware(OnlyAllowedHosts, allowed=settings.allowed_hosts)

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Return 200 while this process runs; calls no other service."""
        return {"status": "alive"}

    @app.get("/ready")
    def ready() -> dict[str, str]:
        """Return 200 while the service's own database answers, else 503."""
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise problems.Problem(503, f"the database of {name} does not answer: {type(error).__name__}") from error
        return {"status": "ready"}

    return app


def _is_probe(scope: MutableMapping[str, Any]) -> bool:
    return scope.get("path") in PROBES


def serve(name: str, host: str, port: int, variable: str, make: Callable[[], FastAPI]) -> None:
    """Serve on `host`; exit with one sentence when the port is in use, before anything else starts."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sys.stderr.write(f"{name}: port {port} is in use; set {variable} to another\n")
        sys.exit(PORT_IN_USE)
    sys.setswitchinterval(SWITCH_S)
    config = uvicorn.Config(make(), access_log=False, log_config=None, timeout_graceful_shutdown=1)
    gc.collect()
    gc.freeze()  # imported objects stay: a full collection would scan them while every request waits
    uvicorn.Server(config).run(sockets=[listener])
