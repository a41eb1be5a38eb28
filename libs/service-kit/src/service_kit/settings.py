"""The settings that all services share; each service adds its own (12-factor: from the environment)."""

import sys
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

WRONG_SETTING = 2


class Environment(BaseSettings):
    """The settings of one process; frozen, read once at its start."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    @classmethod
    def read(cls) -> Self:
        """Return the settings from the environment; exit with one sentence that names an invalid variable."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            sys.stderr.write(f"{str(first['loc'][0]).upper()}: {first['msg']}; see docs/settings.md\n")
            sys.exit(WRONG_SETTING)


class ServiceSettings(Environment):
    """The settings that every service has."""

    database_url: str = Field("", description="any SQLAlchemy URL; default: an SQLite file named after the service")
    database_pool_size: int = Field(5, ge=1, le=100, description="the maximum number of connections to the database")
    requests_at_once: int = Field(10, ge=1, le=1000, description="requests that are worked on at the same time")
    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", description="the event bus")
    otel_exporter_otlp_endpoint: str = Field("http://127.0.0.1:4317", description="where telemetry goes (gRPC)")
    otel_exporter_otlp_headers: str = Field("", description="headers of each export, which hold its token", repr=False)
    allowed_hosts: str = Field("127.0.0.1,localhost", description="host names that the service answers to")
    listen_host: str = Field(
        "127.0.0.1", description="the address on which it listens; another than loopback only in a container's network"
    )
    service_version: str = Field("0.1.0", description="reported in the telemetry")

    def database(self, service: str) -> str:
        """Return the URL of the service's database."""
        return self.database_url or f"sqlite:///{Path(service)}.db"
