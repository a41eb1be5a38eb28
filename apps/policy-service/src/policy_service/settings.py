"""The settings of the policy service."""

from pydantic import Field

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of the policy service, from the environment."""

    policy_service_port: int = Field(8002, ge=1, le=65535, description="the port")
