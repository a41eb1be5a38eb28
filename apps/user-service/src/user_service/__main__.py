"""The process of the user service: `python -m user_service`."""

from typing import Annotated

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from service_kit.app import create_app, serve
from service_kit.database import Id, open_database
from service_kit.outbox import Relay
from service_kit.problems import Problem
from service_kit.telemetry import Telemetry, set_up
from user_service.settings import Settings
from user_service.users import User, seed

NAME = "user-service"


class Profile(BaseModel):
    """A user's profile, as other services may read it."""

    id: int
    name: str
    age: int = Field(description="years")
    city: str
    claims: int = Field(description="claims in the last five years")


def make(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app of the service."""
    engine = open_database(settings.database(NAME), settings.database_pool_size)
    seed(engine, settings.seeded_users)
    app = create_app(NAME, settings, engine, Relay(engine, settings.kafka_bootstrap_servers), telemetry)

    @app.get("/users/{id}")
    def user(id: Id) -> Profile:
        """Return one user."""
        with Session(engine) as session:
            row = session.get(User, id)
            if row is None:
                raise Problem(404, f"there is no user {id}")
            return _profile(row)

    @app.get("/users")
    def users(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[Profile]:
        """Return the first users."""
        with Session(engine) as session:
            return [_profile(row) for row in session.scalars(select(User).order_by(User.id).limit(limit))]

    return app


def _profile(user: User) -> Profile:
    return Profile(id=user.id, name=user.name, age=user.age, city=user.city, claims=user.claims)


def main() -> None:
    """Serve until the process is stopped."""
    settings = Settings.read()
    telemetry = set_up(NAME, settings.service_version, settings.otel_exporter_otlp_endpoint)
    serve(
        NAME, settings.listen_host, settings.user_service_port, "USER_SERVICE_PORT", lambda: make(settings, telemetry)
    )


if __name__ == "__main__":
    main()
