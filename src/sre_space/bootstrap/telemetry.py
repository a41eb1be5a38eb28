"""The process of the embedded telemetry server: `python -m sre_space.bootstrap.telemetry`."""

import asyncio

from sre_space.bootstrap import server
from sre_space.embedded.listening import bind, serve
from sre_space.embedded.telemetry import jaeger_api
from sre_space.embedded.telemetry.intake import Intake
from sre_space.embedded.telemetry.receivers import http_app, serve_grpc
from sre_space.embedded.telemetry.republish import Republisher
from sre_space.embedded.telemetry.store import connect
from sre_space.settings import Telemetry


async def _work(settings: Telemetry) -> None:
    path = settings.sre_space_state / "telemetry" / "spans.db"
    otlp, jaeger = bind(settings.otlp_http_port, "OTLP_HTTP_PORT"), bind(settings.jaeger_port, "JAEGER_PORT")
    connect(path).close()
    republisher = Republisher(path, settings.kafka_bootstrap_servers)
    intake = Intake(path, settings.spans_retention_seconds, settings.spans_max_bytes, republisher.wake.set)
    async with asyncio.TaskGroup() as group:
        group.create_task(intake.run())
        group.create_task(republisher.run(intake.forget))
        group.create_task(serve(http_app(intake), otlp))
        group.create_task(serve(jaeger_api.app(path), jaeger))
        group.create_task(serve_grpc(intake, settings.otlp_grpc_port))


if __name__ == "__main__":
    server.run("telemetry", Telemetry, _work)
