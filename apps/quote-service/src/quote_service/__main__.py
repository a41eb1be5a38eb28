"""The process of the quote service: `python -m quote_service`."""

import logging
import uuid
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Path, Query
from sqlalchemy import Engine, insert, select, update
from sqlalchemy.orm import Session

from quote_service.downstream import Downstream
from quote_service.pricing import STANDARD_SCORE, premium_cents
from quote_service.quotes import Quote, QuoteAnswer, QuoteRequest, StandardTariff
from quote_service.risks import CircuitBreaker, RiskUnknown, risk_score
from quote_service.settings import Settings
from service_kit.app import create_app, serve
from service_kit.database import open_database
from service_kit.outbox import Relay, add_event
from service_kit.problems import Problem
from service_kit.telemetry import Telemetry, set_up

log = logging.getLogger(__name__)

NAME = "quote-service"
QuoteId = Annotated[str, Path(pattern="^[0-9a-f-]{36}$")]


@dataclass(frozen=True)
class Fallback:
    """The other services, called with a shorter time limit and through circuit breakers."""

    users: CircuitBreaker
    policies: CircuitBreaker


@dataclass(frozen=True)
class Quotes:
    """The use cases of the service: request a quote, purchase it, find it."""

    engine: Engine
    relay: Relay
    users: Downstream
    policies: Downstream
    limit_cents: int
    fallback: Fallback | None = None

    def request(self, asked: QuoteRequest) -> QuoteAnswer:
        """Return a priced quote; the request is committed before any other service is called."""
        row = {"id": str(uuid.uuid4()), "state": "requested", "premium_cents": 0, "policy_id": 0, **asked.model_dump()}
        with self.engine.begin() as transaction:  # short: SQLite lets one write at a time
            transaction.execute(insert(Quote), row)
            data = {"quote_id": row["id"], "user_id": asked.user_id, "product": asked.product}
            add_event(transaction, NAME, "quote_requested", row["id"], data)
        self.relay.wake()
        score = self._score(asked)
        priced = {
            "state": "priced",
            "premium_cents": premium_cents(asked.product, STANDARD_SCORE if score is None else score, asked.coverage),
        }
        with self.engine.begin() as transaction:
            transaction.execute(update(Quote).where(Quote.id == row["id"]).values(priced))
            if score is None:
                transaction.execute(insert(StandardTariff), {"quote_id": row["id"]})
        return QuoteAnswer(**{**row, **priced}, tariff="standard" if score is None else "individual")

    def _score(self, asked: QuoteRequest) -> int | None:
        """Return the customer's risk score; None when it is not available now and there is a fallback."""
        if self.fallback is None:
            return risk_score(self.users, self.policies, asked)
        try:
            return risk_score(self.fallback.users, self.fallback.policies, asked)
        except RiskUnknown as error:
            log.warning("the standard tariff is used: %s", error)
            return None

    def purchase(self, id: str) -> QuoteAnswer:
        """Return the purchased quote after its policy was issued; a purchased quote is returned unchanged."""
        quote = self.find(id)
        if quote.state == "purchased":
            return QuoteAnswer.of(quote)
        if quote.state != "priced":
            raise Problem(409, f"quote {id} has no price yet")
        if quote.premium_cents > self.limit_cents:
            raise Problem(409, f"a premium above {self.limit_cents} cents is not sold online")
        request = {"quote_id": id, "user_id": quote.user_id, "premium_cents": quote.premium_cents}
        policy = self.policies.ask("POST", "/policies", request)
        quote.state, quote.policy_id = "purchased", policy["id"]  # a quote has one policy, also after two purchases
        first = update(Quote).where(Quote.id == id, Quote.state == "priced")
        with self.engine.begin() as transaction:
            if transaction.execute(first.values(state=quote.state, policy_id=quote.policy_id)).rowcount:
                data = {"quote_id": id, "policy_id": policy["id"], "premium_cents": quote.premium_cents}
                add_event(transaction, NAME, "quote_purchased", id, data)  # of two concurrent purchases, one emits it
        self.relay.wake()
        return QuoteAnswer.of(quote)

    def find(self, id: str) -> Quote:
        """Return one stored quote; raise `Problem` (404) when there is none."""
        with Session(self.engine, expire_on_commit=False) as session:
            quote = session.get(Quote, id)
        if quote is None:
            raise Problem(404, f"there is no quote {id}")
        return quote


def make(settings: Settings, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app of the service."""
    engine = open_database(settings.database(NAME), settings.database_pool_size)
    relay = Relay(engine, settings.kafka_bootstrap_servers)
    wait, attempts = settings.downstream_timeout_seconds, settings.downstream_attempts
    users = Downstream.at("user-service", settings.user_service_url, wait, attempts)
    policies = Downstream.at("policy-service", settings.policy_service_url, wait, attempts)
    quotes = Quotes(engine, relay, users, policies, settings.online_purchase_limit_cents, _fallback(settings))
    app = create_app(NAME, settings, engine, relay, telemetry)

    @app.post("/quotes", status_code=201)
    def request(asked: QuoteRequest) -> QuoteAnswer:
        """Request a quote."""
        return quotes.request(asked)

    @app.post("/quotes/{id}/purchase")
    def purchase(id: QuoteId) -> QuoteAnswer:
        """Purchase a quote."""
        return quotes.purchase(id)

    @app.get("/quotes/{id}")
    def quote(id: QuoteId) -> QuoteAnswer:
        """Return one quote."""
        return QuoteAnswer.of(quotes.find(id))

    @app.get("/quotes")
    def some(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[QuoteAnswer]:
        """Return some quotes."""
        with Session(engine) as session:
            return [QuoteAnswer.of(quote) for quote in session.scalars(select(Quote).limit(limit))]

    return app


def _fallback(settings: Settings) -> Fallback | None:
    if settings.risk_fallback == "off":
        return None
    wait = settings.risk_patience_seconds
    return Fallback(
        CircuitBreaker(Downstream.at("user-service", settings.user_service_url, wait)),
        CircuitBreaker(Downstream.at("policy-service", settings.policy_service_url, wait)),
    )


def main() -> None:
    """Serve until the process is stopped."""
    settings = Settings.read()
    telemetry = set_up(NAME, settings.service_version, settings.otel_exporter_otlp_endpoint)
    serve(
        NAME, settings.listen_host, settings.quote_service_port, "QUOTE_SERVICE_PORT", lambda: make(settings, telemetry)
    )


if __name__ == "__main__":
    main()
