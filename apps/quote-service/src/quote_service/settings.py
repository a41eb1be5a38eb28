"""The settings of the quote service."""

from typing import Literal

from pydantic import Field

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of the quote service, from the environment."""

    quote_service_port: int = Field(8001, ge=1, le=65535, description="the port")
    user_service_url: str = Field("http://127.0.0.1:8003", description="the user service")
    policy_service_url: str = Field("http://127.0.0.1:8002", description="the policy service")
    downstream_timeout_seconds: float = Field(2.0, gt=0, le=30, description="how long it waits for another service")
    downstream_attempts: int = Field(1, ge=1, le=10, description="how often it asks another service before it gives up")
    risk_fallback: Literal["off", "standard-tariff"] = Field(
        "off", description="how quotes are given while the other services do not answer in time"
    )
    risk_patience_seconds: float = Field(
        0.25, gt=0, le=30, description="how long a quote waits for each of them when there is a fallback"
    )
    online_purchase_limit_cents: int = Field(
        250_000, ge=0, description="a yearly premium above this is not sold online"
    )
