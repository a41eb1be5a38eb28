"""The settings of the user service."""

from pydantic import Field

from service_kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """The settings of the user service, from the environment."""

    user_service_port: int = Field(8003, ge=1, le=65535, description="the port")
    seeded_users: int = Field(3000, ge=1, description="users made in an empty database")
