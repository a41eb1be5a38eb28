"""The process of the policy service: `python -m policy_service`."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import Select, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from policy_service.risk import MAX_SCORE, risk_score
from policy_service.settings import Settings
from service_kit.app import create_app, serve
from service_kit.database import Base, Id, open_database
from service_kit.outbox import Relay
from service_kit.problems import Problem
from service_kit.telemetry import Telemetry, set_up

NAME = "policy-service"


class Assessment(Base):
    """The table of risk assessments."""

    __tablename__ = "assessments"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    product: Mapped[str] = mapped_column(String(20))
    score: Mapped[int]


class Policy(Base):
    """The table of policies; at most one per quote."""

    __tablename__ = "policies"

    id: Mapped[int] = mapped_column(primary_key=True)
    quote_id: Mapped[str] = mapped_column(String(40), unique=True)
    user_id: Mapped[int]
    premium_cents: Mapped[int]
    issued: Mapped[str] = mapped_column(String(40))


class AssessmentRequest(BaseModel):
    """A request to assess a customer's risk for a product."""

    user_id: Id
    age: int = Field(ge=0, le=130)
    claims: int = Field(ge=0, le=100)
    product: Literal["auto", "home", "travel"]


class AssessmentAnswer(BaseModel):
    """The risk score of a request."""

    id: int
    score: int = Field(description="0 no risk, 100 the highest")
    insurable: bool


class PolicyRequest(BaseModel):
    """A request to issue the policy of a quote."""

    quote_id: str = Field(pattern="^[0-9a-f-]{1,40}$")
    user_id: Id
    premium_cents: int = Field(gt=0, le=2**31 - 1)


class PolicyAnswer(PolicyRequest):
    """An issued policy."""

    id: int
    issued: str


def make(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app of the service."""
    engine = open_database(settings.database(NAME), settings.database_pool_size)
    app = create_app(NAME, settings, engine, Relay(engine, settings.kafka_bootstrap_servers), telemetry)

    @app.post("/risk-assessments", status_code=201)
    def assess(request: AssessmentRequest) -> AssessmentAnswer:
        """Assess a customer's risk and store the result."""
        score = risk_score(request.age, request.claims, request.product)
        with Session(engine, expire_on_commit=False) as session:
            row = Assessment(user_id=request.user_id, product=request.product, score=score)
            session.add(row)
            session.commit()
            return _assessed(row)

    @app.get("/risk-assessments/{id}")
    def assessment(id: Id) -> AssessmentAnswer:
        """Return one assessment."""
        with Session(engine) as session:
            row = session.get(Assessment, id)
            if row is None:
                raise Problem(404, f"there is no risk assessment {id}")
            return _assessed(row)

    @app.post("/policies", status_code=201)
    def issue(request: PolicyRequest) -> PolicyAnswer:
        """Issue a policy; the same quote gives the same policy."""
        with Session(engine, expire_on_commit=False) as session:
            return _policy(session.scalar(_policies_of(request.quote_id)) or _issued(session, request))

    @app.get("/policies/{id}")
    def policy(id: Id) -> PolicyAnswer:
        """Return one policy."""
        with Session(engine) as session:
            row = session.get(Policy, id)
            if row is None:
                raise Problem(404, f"there is no policy {id}")
            return _policy(row)

    return app


def _policies_of(quote_id: str) -> Select[tuple[Policy]]:
    return select(Policy).where(Policy.quote_id == quote_id)


def _issued(session: Session, request: PolicyRequest) -> Policy:
    """Return a new policy; of two concurrent requests for one quote, one inserts it and the other reads it."""
    row = Policy(**request.model_dump(), issued=datetime.now(UTC).isoformat())
    session.add(row)
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        row = session.scalars(_policies_of(request.quote_id)).one()
    return row


def _assessed(row: Assessment) -> AssessmentAnswer:
    return AssessmentAnswer(id=row.id, score=row.score, insurable=row.score < MAX_SCORE)


def _policy(row: Policy) -> PolicyAnswer:
    return PolicyAnswer(
        id=row.id, quote_id=row.quote_id, user_id=row.user_id, premium_cents=row.premium_cents, issued=row.issued
    )


def main() -> None:
    """Serve until the process is stopped."""
    settings = Settings.read()
    telemetry = set_up(NAME, settings.service_version, settings.otel_exporter_otlp_endpoint)
    serve(
        NAME,
        settings.listen_host,
        settings.policy_service_port,
        "POLICY_SERVICE_PORT",
        lambda: make(settings, telemetry),
    )


if __name__ == "__main__":
    main()
