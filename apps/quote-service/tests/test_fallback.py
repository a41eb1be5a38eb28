"""The standard tariff: used when nobody can tell the risk in time, marked as such, and never without being asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from quote_service.__main__ import make
from quote_service.downstream import Downstream
from quote_service.pricing import STANDARD_SCORE, premium_cents
from quote_service.risks import OPEN_S, CircuitBreaker, RiskUnknown
from quote_service.settings import Settings
from service_kit.problems import Problem


class Other(ThreadingHTTPServer):
    """One of the other services: answers with `status` and `body` once `gate` is open, and counts the calls."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.body, self.status, self.calls, self.gate = body, status, 0, threading.Event()
        self.gate.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Other

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.calls += 1
        self.server.gate.wait(20)
        try:
            self.send_response(self.server.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)
        except BrokenPipeError:
            pass  # who asked has gone

    do_POST = do_GET  # noqa: N815 - the handler's name

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def other(body: bytes, status: int = 200) -> Iterator[Other]:
    server = Other(body, status)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def quotes(folder: Path, users: Other, policies: Other, fallback: str, patience: float = 5.0) -> Iterator[TestClient]:
    settings = Settings(
        database_url=f"sqlite:///{folder}/quotes.db", user_service_url=users.url, policy_service_url=policies.url,
        kafka_bootstrap_servers="127.0.0.1:1", risk_fallback=fallback, risk_patience_seconds=patience,
        downstream_timeout_seconds=5.0, allowed_hosts="testserver",
    )  # fmt: skip
    with TestClient(make(settings)) as client:
        yield client


ASKED = {"user_id": 7, "product": "auto", "coverage": 20_000}
PROFILE, SCORE = b'{"age": 40, "claims": 0}', b'{"score": 20}'


def test_with_answers_in_time_the_fallback_changes_nothing(tmp_path: Path) -> None:
    with (
        other(PROFILE) as users,
        other(SCORE) as policies,
        quotes(tmp_path, users, policies, "standard-tariff") as shop,
    ):
        quote = shop.post("/quotes", json=ASKED).json()

    assert quote["premium_cents"] == premium_cents("auto", 20, 20_000)
    assert quote["tariff"] == "individual"


@pytest.mark.parametrize("silent", ["users", "policies"])
def test_a_service_that_does_not_answer_in_time_costs_the_individual_tariff_only(tmp_path: Path, silent: str) -> None:
    with other(PROFILE) as users, other(SCORE) as policies:
        (users if silent == "users" else policies).gate.clear()
        with quotes(tmp_path, users, policies, "standard-tariff", patience=0.2) as shop:
            answer = shop.post("/quotes", json=ASKED)
            again = shop.get(f"/quotes/{answer.json()['id']}").json()
        (users if silent == "users" else policies).gate.set()

    assert answer.status_code == 201
    assert answer.json()["premium_cents"] == premium_cents("auto", STANDARD_SCORE, 20_000)
    assert (answer.json()["tariff"], again["tariff"]) == ("standard", "standard")


def test_a_service_that_fails_is_spared_by_the_next_quotes(tmp_path: Path) -> None:
    with other(PROFILE) as users, other(b"{}", 503) as policies:
        with quotes(tmp_path, users, policies, "standard-tariff") as shop:
            tariffs = [shop.post("/quotes", json=ASKED).json()["tariff"] for _ in range(5)]
        asked = policies.calls

    assert tariffs == ["standard"] * 5
    assert asked == 1


def test_without_the_fallback_a_quote_fails_with_what_it_needs(tmp_path: Path) -> None:
    with other(PROFILE) as users, other(b"{}", 503) as policies, quotes(tmp_path, users, policies, "off") as shop:
        assert shop.post("/quotes", json=ASKED).status_code == 502


def test_a_customer_who_does_not_exist_gets_no_quote_by_any_tariff(tmp_path: Path) -> None:
    with other(b"{}", 404) as users, other(SCORE) as risks, quotes(tmp_path, users, risks, "standard-tariff") as shop:
        assert shop.post("/quotes", json=ASKED).status_code == 404


def test_buying_has_no_fallback(tmp_path: Path) -> None:
    with other(PROFILE) as users, other(b"{}", 503) as risks, quotes(tmp_path, users, risks, "standard-tariff") as shop:
        quote = shop.post("/quotes", json=ASKED).json()
        assert shop.post(f"/quotes/{quote['id']}/purchase").status_code == 502


def test_a_spared_service_is_asked_again_after_a_while() -> None:
    with other(b"{}", 503) as service:
        clock = [time.monotonic()]
        breaker = CircuitBreaker(Downstream.at("policy-service", service.url, 5.0), lambda: clock[0])
        for _ in range(3):
            with pytest.raises(RiskUnknown):
                breaker.ask("GET", "/x")
        assert service.calls == 1

        service.status, service.body = 200, b'{"well": true}'
        clock[0] += OPEN_S
        assert breaker.ask("GET", "/x") == {"well": True}
        service.status = 404
        with pytest.raises(Problem):
            breaker.ask("GET", "/x")
        service.status = 200
        assert breaker.ask("GET", "/x") == {"well": True}


def test_the_standard_tariff_is_never_cheaper_than_that_of_a_customer_with_three_claims() -> None:
    risky = 10 + 15 + 3 * 12 + 10  # as policy-service counts: everybody, a risky age, the claims, a car

    for product in ("auto", "home", "travel"):
        assert premium_cents(product, STANDARD_SCORE, 20_000) >= premium_cents(product, risky, 20_000)
