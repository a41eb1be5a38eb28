"""The settings of the traffic generator."""

from pathlib import Path

from pydantic import Field

from service_kit.settings import Environment

MAX_PER_SECOND = 200


class Settings(Environment):
    """The settings of the traffic generator, from the environment."""

    quote_service_url: str = Field("http://127.0.0.1:8001", description="where customers go")
    otel_exporter_otlp_endpoint: str = Field("http://127.0.0.1:4317", description="where telemetry goes (gRPC)")
    otel_exporter_otlp_headers: str = Field("", description="headers of each export, which hold its token", repr=False)
    traffic_seed: int = Field(1, description="the same seed, the same customers")
    traffic_journeys_per_second: float = Field(5.0, gt=0, le=MAX_PER_SECOND, description="arrivals of customers")
    traffic_demand_file: Path | None = Field(
        None, description="TRAFFIC_JOURNEYS_PER_SECOND=n in this file wins; read at start and on SIGHUP"
    )
    traffic_users: int = Field(3000, ge=1, description="customers come from these user ids")
