"""Quote, policy and user service as real processes: buying an insurance, and what the caller says when one is gone."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import create_engine, text

SERVICES = ("user", "policy", "quote")
Urls = Callable[[str], str]


class Collector:
    """A real OTLP receiver that keeps what it is sent."""

    def __init__(self) -> None:
        self.traces: list[ExportTraceServiceRequest] = []
        self.logs: list[ExportLogsServiceRequest] = []
        self.server = grpc.server(ThreadPoolExecutor(4))
        for signal, kept, kind in (
            ("trace", self.traces, ExportTraceServiceRequest),
            ("logs", self.logs, ExportLogsServiceRequest),
        ):
            handler = grpc.unary_unary_rpc_method_handler(
                lambda request, _, kept=kept, kind=kind: kept.append(kind.FromString(request)) or b""
            )
            name = f"opentelemetry.proto.collector.{signal}.v1.{signal.capitalize()}Service"
            self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"Export": handler}),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def spans(self) -> list[tuple[str, Span]]:
        """Service and span."""
        return [
            (_service(resource.resource.attributes), span)
            for request in list(self.traces)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def _service(attributes: Iterable[KeyValue]) -> str:
    return next(str(one.value.string_value) for one in attributes if one.key == "service.name")


@dataclass(frozen=True)
class Insurance:
    """The running services."""

    url: str
    collector: Collector
    processes: dict[str, "subprocess.Popen[bytes]"]
    database_urls: Urls

    def quote(self, **asked: object) -> httpx.Response:
        """Ask for a quote."""
        return httpx.post(f"{self.url}/quotes", json={"user_id": 7, "product": "auto", **asked})


@pytest.fixture(scope="module")
def insurance(database_urls: Urls, free_port: Callable[[], int]) -> Iterator[Insurance]:
    """All three, with nobody on the bus."""
    collector = Collector()
    ports = {name: free_port() for name in SERVICES}
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}"}
    environment |= {f"{name.upper()}_SERVICE_PORT": str(port) for name, port in ports.items()}
    environment |= {f"{name.upper()}_SERVICE_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    environment |= {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-m"]
    processes = {
        name: subprocess.Popen(
            [*command, f"{name}_service"],
            env={**environment, "DATABASE_URL": database_urls(name)},
            stderr=subprocess.DEVNULL,
        )
        for name in SERVICES
    }
    for port in ports.values():
        until_ready(f"http://127.0.0.1:{port}/ready")
    yield Insurance(f"http://127.0.0.1:{ports['quote']}", collector, processes, database_urls)
    for process in processes.values():
        process.kill()
        process.wait()
    collector.server.stop(None).wait()


def until_ready(url: str) -> None:
    """Wait for a 200."""
    deadline = time.monotonic() + 300  # only ends what hangs
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError(f"{url} is not ready")


def test_a_customer_gets_a_quote_and_buys_it_once(insurance: Insurance) -> None:
    quote = insurance.quote().json()
    assert quote["state"] == "priced"
    assert quote["premium_cents"] > 0
    bought = httpx.post(f"{insurance.url}/quotes/{quote['id']}/purchase").json()
    again = httpx.post(f"{insurance.url}/quotes/{quote['id']}/purchase").json()

    assert bought["state"] == "purchased"
    assert again == bought == httpx.get(f"{insurance.url}/quotes/{quote['id']}").json()


def test_who_asked_is_committed_before_anybody_else_is_asked(insurance: Insurance) -> None:
    answer = insurance.quote(user_id=999_999)

    assert answer.status_code == 404
    assert 999_999 in {body["user_id"] for body in events(insurance, "quote_requested")}


def events(insurance: Insurance, topic: str) -> list[dict[str, object]]:
    """Return the events that wait in the outbox of the quote service, since no bus runs."""
    engine = create_engine(insurance.database_urls("quote"))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT body FROM outbox WHERE topic = :topic"), {"topic": topic}).scalars()
        bodies = [json.loads(body) for body in found]
    engine.dispose()
    return bodies


def test_two_purchases_at_once_are_one_policy_and_one_event(insurance: Insurance) -> None:
    id = insurance.quote().json()["id"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{insurance.url}/quotes/{id}/purchase"), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["policy_id"] for answer in answers}) == 1
    assert [body["quote_id"] for body in events(insurance, "quote_purchased")].count(id) == 1


@pytest.mark.parametrize("path", ["quotes/nonsense", "quotes/%00", f"quotes/{'x' * 36}", "quotes?limit=-1"])
def test_an_id_or_a_limit_that_is_none_is_the_callers_error(insurance: Insurance, path: str) -> None:
    answer = httpx.get(f"{insurance.url}/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_one_request_is_one_trace_over_http_and_sql_with_its_logs(insurance: Insurance) -> None:
    trace_id = os.urandom(16)
    headers = {"traceparent": f"00-{trace_id.hex()}-{os.urandom(8).hex()}-01"}
    asked = {"user_id": 999_998, "product": "home"}
    httpx.post(f"{insurance.url}/quotes", json=asked, headers=headers)
    httpx.post(f"{insurance.url}/quotes", json={**asked, "user_id": 7}, headers=headers)
    deadline = time.monotonic() + 20
    found: set[tuple[str, int]] = set()
    while time.monotonic() < deadline and len(found) < 7:
        found = {(service, span.kind) for service, span in insurance.collector.spans() if span.trace_id == trace_id}
        time.sleep(0.05)

    server, client, producer = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER
    assert found == {
        ("quote-service", server), ("quote-service", client), ("quote-service", producer),
        ("user-service", server), ("user-service", client), ("policy-service", server), ("policy-service", client),
    }  # fmt: skip
    statements = [
        attribute.value.string_value
        for _, span in insurance.collector.spans()
        for attribute in span.attributes
        if attribute.key == "db.query.text"
    ]
    assert any(statement.startswith("SELECT") for statement in statements)
    assert not any("999998" in statement for statement in statements)


def test_a_dead_service_is_named_by_its_caller(insurance: Insurance) -> None:
    """Last in this module: the policy service stays dead."""
    insurance.processes["policy"].kill()
    insurance.processes["policy"].wait()

    answer = insurance.quote()

    assert answer.status_code == 503
    assert answer.json()["detail"] == "policy-service cannot be reached"
