"""The settings of the customers."""

from pydantic import Field

from service_kit.settings import Environment


class Settings(Environment):
    """From the environment."""

    quote_service_url: str = Field("http://127.0.0.1:8001", description="where customers go")
    otel_exporter_otlp_endpoint: str = Field("http://127.0.0.1:4317", description="where telemetry goes (gRPC)")
    traffic_seed: int = Field(1, description="the same seed, the same customers")
    traffic_journeys_per_second: float = Field(5.0, gt=0, le=200, description="arrivals of customers")
    traffic_users: int = Field(3000, ge=1, description="customers come from these user ids")
