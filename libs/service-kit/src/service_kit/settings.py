"""The settings that every service has; each service adds its own (12-factor: from the environment)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Common settings."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: str = Field("", description="any SQLAlchemy URL; default: an SQLite file named after the service")
    database_pool_size: int = Field(5, ge=1, le=100, description="connections to the database")
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", description="the event bus")
    otel_exporter_otlp_endpoint: str = Field("http://127.0.0.1:4317", description="where telemetry goes (gRPC)")
    allowed_hosts: str = Field("127.0.0.1,localhost", description="host names that the service answers to")
    service_version: str = Field("0.1.0", description="told in the telemetry")

    def database(self, service: str) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{Path(service)}.db"
