"""What every service gets: problem details, health, and events that are published if and only if they committed."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from service_kit.app import create_app
from service_kit.database import open_database
from service_kit.outbox import OutboxEvent, Relay, add_event
from service_kit.problems import Problem
from service_kit.settings import ServiceSettings


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return a database of the test's own."""
    engine = open_database(f"sqlite:///{tmp_path}/kit.db", 5)
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    """Return a service with an endpoint for each kind of failure."""
    app = create_app("kit", ServiceSettings(), engine, Relay(engine, "127.0.0.1:1"))

    @app.get("/problem")
    def problem() -> None:
        raise Problem(503, "policy-service cannot be reached")

    @app.get("/bug")
    def bug() -> None:
        raise RuntimeError("oops")

    @app.get("/number/{n}")
    def number(n: int) -> int:
        return n

    return app


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/problem", 503, "policy-service"),
        ("GET", "/bug", 500, "log"),
        ("GET", "/number/x", 422, "n"),
        ("GET", "/nowhere", 404, "Not Found"),
        ("DELETE", "/problem", 405, "Method Not Allowed"),
    ],
)
def test_every_error_is_a_problem_detail(app: FastAPI, method: str, path: str, status: int, told: str) -> None:
    answer = TestClient(app, "http://localhost", raise_server_exceptions=False).request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "instance"}
    assert (body["status"], body["instance"]) == (status, path)
    assert told in body["detail"]


def test_openapi_tells_that_errors_are_problem_details(app: FastAPI) -> None:
    for methods in TestClient(app, "http://localhost").get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            assert "422" not in operation["responses"]
            assert list(operation["responses"]["4XX"]["content"]) == ["application/problem+json"]
            assert list(operation["responses"]["5XX"]["content"]) == ["application/problem+json"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "Could not parse"),
        ("nosuch://x/y", "Can't load plugin"),
        ("sqlite:////nowhere/at/all.db", "unable to open"),
        ("mysql+nosuchdriver://root:secret@localhost/x", "Can't load plugin"),
    ],
)
def test_a_database_that_cannot_be_opened_ends_the_process_with_one_sentence(
    url: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        open_database(url, 5)

    line = capsys.readouterr().err
    assert line.startswith("DATABASE_URL: ")
    assert told in line
    assert line.count("\n") == 1
    assert "secret" not in line


def test_a_setting_that_does_not_fit_ends_the_process_with_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_POOL_SIZE", "many")
    with pytest.raises(SystemExit, match="2"):
        ServiceSettings.read()

    assert capsys.readouterr().err.startswith("DATABASE_POOL_SIZE: Input should be a valid integer")


def test_health_asks_nobody_and_ready_asks_the_database(app: FastAPI) -> None:
    client = TestClient(app, "http://localhost:8001")

    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}


def test_ready_says_so_when_the_own_database_does_not_answer(tmp_path: Path) -> None:
    folder = tmp_path / "db"
    folder.mkdir()
    engine = open_database(f"sqlite:///{folder}/kit.db", 5)
    app = create_app("kit", ServiceSettings(), engine, Relay(engine, "127.0.0.1:1"))
    engine.dispose()
    shutil.rmtree(folder)

    answer = TestClient(app, "http://localhost").get("/ready")

    assert (answer.status_code, "database" in answer.json()["detail"]) == (503, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[broken"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_foreign_host_or_origin_is_refused_with_a_problem_detail(app: FastAPI, headers: dict[str, str]) -> None:
    answer = TestClient(app, "http://localhost").get("/health", headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "ALLOWED_HOSTS" in answer.json()["detail"]


def test_an_event_is_a_cloud_event_and_waits_while_the_bus_is_down(engine: Engine) -> None:
    with engine.begin() as transaction:
        add_event(transaction, "kit", "quote_requested", "q1", {"quote_id": "q1"})
    relay = Relay(engine, "127.0.0.1:1")
    relay.start()
    relay.wake()
    relay.stop()

    with Session(engine) as session:
        (event,) = session.scalars(select(OutboxEvent)).all()
    headers = json.loads(event.headers)
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_type"] == "cloud-insurance.quote_requested"
    assert {"ce_id", "ce_source", "ce_time", "content-type"} <= set(headers)
    assert json.loads(event.body) == {"quote_id": "q1"}


def test_an_event_of_a_transaction_that_failed_does_not_exist(engine: Engine) -> None:
    with engine.connect() as transaction:
        add_event(transaction, "kit", "quote_requested", "q1", {})
        transaction.rollback()

    with Session(engine) as session:
        assert not session.scalars(select(OutboxEvent)).all()


def test_events_wait_while_the_database_takes_nothing_and_go_on_afterwards(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk, a lock: here the table is away for a while."""
    relay = Relay(engine, "127.0.0.1:1")
    with engine.begin() as transaction:
        transaction.execute(text("ALTER TABLE outbox RENAME TO elsewhere"))
    relay.start()
    deadline = time.monotonic() + 20
    while len(caplog.records) < 2 and time.monotonic() < deadline:  # once more: it has not ended
        relay.wake()
        time.sleep(0.01)
    with engine.begin() as transaction:
        transaction.execute(text("ALTER TABLE elsewhere RENAME TO outbox"))
    relay.stop()

    assert {record.getMessage() for record in caplog.records} == {
        "events wait: the database failed: no such table: outbox"
    }
    assert len(caplog.records) >= 2
