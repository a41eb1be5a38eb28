"""Every experiment is real: its effect is measured on the application, `--recover` undoes it, and nothing tells of it.

The agents of this space are halted: they watch and record, and change nothing.
"""

import asyncio
import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from time import time_ns

import httpx
import psutil
import pytest
from support.application import SECOND, Application
from support.live import start
from support.marks import APPLICATION, mentions, said_by_the_application, said_to_the_agents
from support.waiting import until

from sre_chaos.experiments import EXPERIMENTS
from sre_space.bootstrap.connections import Connections
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.servers import HOST
from sre_space.deployment.journal import Deployment
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: no commits over HTTP"),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """Yield a space of this module's own, with halted agents."""
    live = start(tmp_path_factory.mktemp("space"))
    live.state.halt.touch()
    yield Application(live, tmp_path_factory.mktemp("home"))
    live.down()


@pytest.fixture
def application(broken: Application) -> Iterator[Application]:
    """Healthy before, and healthy again after `--recover`."""
    broken.live.healthy()
    yield broken
    broken.chaos("--recover")
    broken.live.healthy()


def is_client(span: Span, method: str) -> bool:
    return span.kind is SpanKind.CLIENT and span.name == method


def is_server(span: Span) -> bool:
    return span.kind is SpanKind.SERVER


def test_kill_leaves_no_process(application: Application) -> None:
    before = application.live.pid("policy-service")
    hit = application.inject("kill")

    assert hit["pid"] == before
    assert not psutil.pid_exists(before)
    until(lambda: application.journeys(int(str(hit["at"]))).bad, "journeys fail")
    assert application.live.pid("policy-service") == 0


def test_a_hanging_service_lives_and_takes_connections_and_never_answers(application: Application) -> None:
    hit = application.inject("hang", "user-service")

    assert psutil.Process(int(str(hit["pid"]))).status() == psutil.STATUS_STOPPED
    with socket.create_connection((HOST, application.live.running.ports["user_service_port"]), 5) as connection:
        connection.settimeout(0.5)
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    until(lambda: application.journeys(int(str(hit["at"]))).bad, "journeys fail")
    application.chaos("--recover")
    assert application.live.pid("user-service") == hit["pid"]


def test_a_crash_loop_ends_each_start_with_a_reason_in_the_log(application: Application) -> None:
    application.inject("crash-loop")
    first = application.live.starts("policy-service")

    assert application.live.pid("policy-service") == 0
    space_supervisor.start(application.live.running.socket, "policy-service")
    until(lambda: application.live.starts("policy-service") == first + 1, "it is started again")
    until(lambda: not application.live.pid("policy-service"), "it ends again")
    assert "DATABASE_POOL_SIZE" in application.live.state.log("policy-service").read_text().splitlines()[-1]


def test_memory_grows_with_the_journeys_well_until_the_limit_kills_the_service(application: Application) -> None:
    before, kills = application.memory("policy-service"), len(application.journal())
    hit = application.inject("oom")
    until(lambda: application.memory("policy-service") > before + 60_000_000, "it grows by 60 MB")
    grown = application.journeys(int(str(hit["at"])))

    (kill,) = until(lambda: application.journal()[kills:], "the warden kills it")
    assert (kill["unit"], kill["event"]) == ("policy-service", "oom")
    assert int(str(kill["rss"])) > int(str(kill["limit"])) == 400_000_000
    assert grown.good > grown.bad
    until(lambda: not application.live.pid("policy-service"), "it is gone")


def test_a_slow_network_is_long_for_the_caller_and_not_for_the_callee(application: Application) -> None:
    hit = application.inject("latency")
    since = int(str(hit["at"])) + SECOND

    def caller() -> float:
        return application.median_ms("quote-service", since, lambda span: is_client(span, "POST"))

    took = until(caller, "calls of policy-service end")
    assert took >= 800
    assert application.median_ms("policy-service", since, is_server) < took / 3
    assert application.median_ms("quote-service", since, lambda span: is_client(span, "GET")) < took / 3


def test_a_slow_query_is_slow_in_the_database_alone(application: Application) -> None:
    """A transaction's first INSERT waits for the lock and those after it do not: the slow ones are counted."""
    hit = application.inject("slow-query")
    since = int(str(hit["at"])) + SECOND

    def slow(verb: str) -> int:
        found = application.durations_ms("policy-service", since, lambda span: span.name.startswith(verb))
        return sum(took > 400 for took in found)

    until(lambda: slow("INSERT") >= 10, "inserts are slow")
    assert slow("SELECT") <= 1
    assert 0 < application.median_ms("user-service", since, is_server) < 400


def test_a_share_of_the_requests_fails_and_the_service_says_why(application: Application) -> None:
    hit = application.inject("errors")

    def assessments() -> list[Span]:
        found = application.spans("policy-service", int(str(hit["at"])))
        return [span for span in found if is_server(span) and span.name == "POST /risk-assessments"]

    until(lambda: sum(span.status is SpanStatus.ERROR for span in assessments()) >= 3, "some fail")
    until(lambda: any(span.status is not SpanStatus.ERROR for span in assessments()), "others do not")
    assert "the database failed: the quota" in application.live.state.log("policy-service").read_text()
    assert application.journeys(int(str(hit["at"]))).bad


def test_every_assessment_fails_and_with_it_the_journey(application: Application) -> None:
    hit = application.inject("stubborn")
    since = int(str(hit["at"])) + SECOND  # what was under way is over

    def served() -> list[bool]:
        found = [span for span in application.spans("policy-service", since) if is_server(span)]
        return [span.status is not SpanStatus.ERROR for span in found if span.name == "POST /risk-assessments"]

    until(lambda: len(served()) >= 5, "five are asked for")
    assert not any(served())
    assert application.journeys(since).bad


def test_nobody_buys_any_more_while_every_attempt_is_good(application: Application) -> None:
    application.inject("conversion")
    application.live.healthy()  # after the restart of its deployment
    since, asked, bought = time_ns(), application.quotes(), application.policies()

    until(lambda: application.quotes() >= asked + 20, "twenty customers ask")
    count = application.journeys(since)
    assert application.policies() == bought
    assert count.good > 0
    assert count.bad == 0


def test_a_retry_storm_multiplies_the_calls(application: Application) -> None:
    hit = application.inject("retry-storm")
    since = int(str(hit["at"])) + 3 * SECOND

    def calls_for_each_request() -> float:
        spans = application.spans("quote-service", since)
        requests = sum(is_server(span) and span.name == "POST /quotes" for span in spans)
        return sum(is_client(span, "GET") for span in spans) / requests if requests >= 5 else 0.0

    until(lambda: calls_for_each_request() > 3, "one request asks user-service more than three times")
    assert application.journeys(since).bad


def test_a_surge_makes_customers_wait_and_give_up(application: Application) -> None:
    hit = application.inject("traffic-surge", "--seconds", "6")
    since = int(str(hit["at"])) + SECOND

    def quote_ms() -> float:
        return application.median_ms("traffic", since, lambda span: span.name == "journey quote")

    until(lambda: application.journeys(since).bad or quote_ms() > 1000, "customers wait a second, or give up")


def test_a_bad_limit_kills_the_service_again_after_a_restart(application: Application) -> None:
    kills = len(application.journal())
    application.inject("bad-limit", "--service", "user-service")
    until(lambda: len(application.journal()) > kills, "the warden kills it")
    until(lambda: not application.live.pid("user-service"), "it is gone")
    space_supervisor.start(application.live.running.socket, "user-service")

    until(lambda: len(application.journal()) > kills + 1, "and again")
    assert {entry["unit"] for entry in application.journal()[kills:]} == {"user-service"}
    assert {entry["limit"] for entry in application.journal()[kills:]} == {40_000_000}


def test_a_harmless_deployment_changes_nothing_for_the_customers(application: Application) -> None:
    starts = application.live.starts("user-service")
    application.inject("harmless-deploy")

    assert application.live.starts("user-service") == starts + 1
    assert "DATABASE_POOL_SIZE=6" in (application.live.state.deployed / "user-service.env").read_text()
    application.live.healthy()


def came(application: Application, since: int, synthetic: bool) -> int:
    visits = [span for span in application.spans("traffic", since) if span.name == "journey quote"]
    return sum(span.attributes["journey.synthetic"] is synthetic for span in visits)


def test_in_a_quiet_night_hardly_anybody_comes_and_on_a_busy_day_four_times_as_many(application: Application) -> None:
    def customers(seconds: int) -> int:
        """Who came while so many synthetic customers did: one comes each second."""
        since = time_ns()
        until(lambda: came(application, since, synthetic=True) >= seconds, "seconds pass")
        return came(application, since, synthetic=False)

    application.inject("quiet-night")
    night = customers(4)
    application.inject("busy-day")
    day = customers(4)

    assert night <= 6
    assert day > 40


@pytest.mark.parametrize("server", ["telemetry", "bus"])
def test_in_a_blackout_the_application_is_healthy_and_it_ends_by_itself(application: Application, server: str) -> None:
    hit = application.inject("blackout", "--service", server, "--seconds", "2")
    process = psutil.Process(int(str(hit["pid"])))

    assert process.status() == psutil.STATUS_STOPPED
    url = f"http://{HOST}:{application.live.running.ports['quote_service_port']}/quotes"
    assert httpx.post(url, json={"user_id": 1, "product": "auto"}, trust_env=False, timeout=120).status_code == 201
    until(lambda: process.status() != psutil.STATUS_STOPPED, f"{server} goes on")


def deployed(application: Application) -> Deployment:
    async def done() -> Deployment:
        async with Connections.of(application.live.state).deployer() as deployer:
            return await deployer.deploy()

    return asyncio.run(done())


def test_a_deployment_restarts_only_what_changed_tells_about_it_and_twice_is_once(
    application: Application, tmp_path: Path
) -> None:
    begun = time_ns()
    before = {one: application.live.starts(one) for one in APPLICATION}
    text = (application.live.state.deployed / "user-service.env").read_text()
    application.push("user-service.env", f"{text}# by the way\n", "A remark", tmp_path / "clone")
    (tmp_path / "clone" / "deploy" / "config" / "space.env").touch()
    asked = [deployed(application), deployed(application)]  # the deployer is at it too, and one of the three does it

    lines = (application.live.state.deployed.parent / "deployments.jsonl").read_text().splitlines()
    first = next(one for one in map(json.loads, lines) if one["subject"] == "A remark")
    assert (first["changed"], first["restarted"], first["failed"]) == (["user-service.env"], ["user-service"], [])
    assert [(one.commit, one.at) for one in asked] == [(first["commit"], first["at"])] * 2
    assert not asked[1].changes_something
    assert {one for one in APPLICATION if application.live.starts(one) > before[one]} == {"user-service"}
    told = until(
        lambda: application.records("changes", begun)[1:] and application.records("changes", begun), "it is told"
    )
    phases = [(one["id"], one["phase"], one["service"]) for one in map(json.loads, (record.value for record in told))]
    assert phases == [(first["commit"], phase, "user-service") for phase in ("started", "done")]


@pytest.mark.parametrize(
    ("name", "line"), [("policy-service.env", "DATABASE_POOL_SIZE: 6"), ("space.env", "POLICY_SERVICE_REPLICAS=two")]
)
def test_a_file_that_does_not_parse_refuses_the_deployment_with_its_line(
    application: Application, tmp_path: Path, name: str, line: str
) -> None:
    path = application.live.state.deployed / name
    before, number = path.read_text(), len(path.read_text().splitlines()) + 1
    application.push(name, f"{before}{line}\n", "A slip", tmp_path / "wrong")
    with pytest.raises(Malformed, match=re.escape(f"deploy/config/{name}:{number}: '{line}' is not")):
        deployed(application)

    assert path.read_text() == before
    application.push(name, before, "No slip", tmp_path / "right")
    assert not deployed(application).changes_something


DOCTORS_WORDS = {"slow-query"}  # also the name of a cause


def test_no_run_of_chaos_left_a_mark_that_an_agent_could_read(application: Application) -> None:
    """Last: every experiment has been here."""
    runs = [json.loads(line) for path in application.home.rglob("runs.jsonl") for line in path.read_text().splitlines()]
    assert {run["fault"] for run in runs} == set(EXPERIMENTS)
    begun = min(int(run["at"]) for run in runs) - SECOND

    patients_words, everything = said_by_the_application(application, begun), said_to_the_agents(application, begun)

    for said in (
        "POST /risk-assessments",
        "quote_id",
        "the database failed: the quota",
        "SRE_SPACE_UNIT",
        "journey quote",
    ):
        assert said in patients_words  # so it was read
    for said in ("[INCIDENT]", "Online purchases up to 2500", "deployment", "FORGE_URL", "operationName"):
        assert said in everything
    secrets = [application.live.state.network_key.read_text(), *(run["canary"] for run in runs)]
    names = ["sre_chaos", "sre-chaos", "trigger_chaos", "SRE_CHAOS", "CANARY", "delay_ms", "assessments_quota"]
    assert not [word for word in (*secrets, *names) if word in everything or word in patients_words]
    assert not mentions(patients_words, EXPERIMENTS)
    assert not mentions(everything, {name for name in EXPERIMENTS if "-" in name} - DOCTORS_WORDS)
