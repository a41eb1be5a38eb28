"""Every experiment is real: its effect is measured on the patient, `--recover` undoes it, and nothing tells of it.

The doctor of this space is halted: it watches and writes, and heals nothing.
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
from support.live import start
from support.marks import PATIENT, mentions, said_by_the_patient, said_to_the_agents
from support.patient import SECOND, Patient
from support.waiting import until

from sre_chaos.experiments import EXPERIMENTS
from sre_space.bootstrap.connections import Connections
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.ports import HOST
from sre_space.deployment.journal import Deployment
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: no commits over HTTP"),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    """A space of this module's own, with a halted doctor."""
    live = start(tmp_path_factory.mktemp("space"))
    live.state.halt.touch()
    yield Patient(live, tmp_path_factory.mktemp("home"))
    live.down()


@pytest.fixture
def patient(broken: Patient) -> Iterator[Patient]:
    """Healthy before, and healthy again after `--recover`."""
    broken.live.healthy()
    yield broken
    broken.chaos("--recover")
    broken.live.healthy()


def is_client(span: Span, method: str) -> bool:
    return span.kind is SpanKind.CLIENT and span.name == method


def is_server(span: Span) -> bool:
    return span.kind is SpanKind.SERVER


def test_kill_leaves_no_process(patient: Patient) -> None:
    before = patient.live.pid("policy-service")
    hit = patient.inject("kill")

    assert hit["pid"] == before
    assert not psutil.pid_exists(before)
    until(lambda: patient.journeys(int(str(hit["at"]))).bad, "journeys fail")
    assert patient.live.pid("policy-service") == 0


def test_a_hanging_service_lives_and_takes_connections_and_never_answers(patient: Patient) -> None:
    hit = patient.inject("hang", "user-service")

    assert psutil.Process(int(str(hit["pid"]))).status() == psutil.STATUS_STOPPED
    with socket.create_connection((HOST, patient.live.running.ports["user_service_port"]), 5) as connection:
        connection.settimeout(0.5)
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    until(lambda: patient.journeys(int(str(hit["at"]))).bad, "journeys fail")
    patient.chaos("--recover")
    assert patient.live.pid("user-service") == hit["pid"]


def test_a_crash_loop_ends_each_start_with_a_reason_in_the_log(patient: Patient) -> None:
    patient.inject("crash-loop")
    first = patient.live.starts("policy-service")

    assert patient.live.pid("policy-service") == 0
    space_supervisor.start(patient.live.running.socket, "policy-service")
    until(lambda: patient.live.starts("policy-service") == first + 1, "it is started again")
    until(lambda: not patient.live.pid("policy-service"), "it ends again")
    assert "DATABASE_POOL_SIZE" in patient.live.state.log("policy-service").read_text().splitlines()[-1]


def test_memory_grows_with_the_journeys_well_until_the_limit_kills_the_service(patient: Patient) -> None:
    before, kills = patient.memory("policy-service"), len(patient.journal())
    hit = patient.inject("oom")
    until(lambda: patient.memory("policy-service") > before + 60_000_000, "it grows by 60 MB")
    grown = patient.journeys(int(str(hit["at"])))

    (kill,) = until(lambda: patient.journal()[kills:], "the warden kills it")
    assert (kill["unit"], kill["event"]) == ("policy-service", "oom")
    assert int(str(kill["rss"])) > int(str(kill["limit"])) == 400_000_000
    assert grown.good > grown.bad
    until(lambda: not patient.live.pid("policy-service"), "it is gone")


def test_a_slow_network_is_long_for_the_caller_and_not_for_the_callee(patient: Patient) -> None:
    hit = patient.inject("latency")
    since = int(str(hit["at"])) + SECOND

    def caller() -> float:
        return patient.median_ms("quote-service", since, lambda span: is_client(span, "POST"))

    took = until(caller, "calls of policy-service end")
    assert took >= 800
    assert patient.median_ms("policy-service", since, is_server) < took / 3
    assert patient.median_ms("quote-service", since, lambda span: is_client(span, "GET")) < took / 3


def test_a_slow_query_is_slow_in_the_database_alone(patient: Patient) -> None:
    """A transaction's first INSERT waits for the lock and those after it do not: the slow ones are counted."""
    hit = patient.inject("slow-query")
    since = int(str(hit["at"])) + SECOND

    def slow(verb: str) -> int:
        found = patient.durations_ms("policy-service", since, lambda span: span.name.startswith(verb))
        return sum(took > 400 for took in found)

    until(lambda: slow("INSERT") >= 10, "inserts are slow")
    assert slow("SELECT") <= 1
    assert 0 < patient.median_ms("user-service", since, is_server) < 400


def test_a_share_of_the_requests_fails_and_the_service_says_why(patient: Patient) -> None:
    hit = patient.inject("errors")

    def assessments() -> list[Span]:
        found = patient.spans("policy-service", int(str(hit["at"])))
        return [span for span in found if is_server(span) and span.name == "POST /risk-assessments"]

    until(lambda: sum(span.status is SpanStatus.ERROR for span in assessments()) >= 3, "some fail")
    until(lambda: any(span.status is not SpanStatus.ERROR for span in assessments()), "others do not")
    assert "the database failed: the quota" in patient.live.state.log("policy-service").read_text()
    assert patient.journeys(int(str(hit["at"]))).bad


def test_every_assessment_fails_and_with_it_the_journey(patient: Patient) -> None:
    hit = patient.inject("stubborn")
    since = int(str(hit["at"])) + SECOND  # what was under way is over

    def served() -> list[bool]:
        found = [span for span in patient.spans("policy-service", since) if is_server(span)]
        return [span.status is not SpanStatus.ERROR for span in found if span.name == "POST /risk-assessments"]

    until(lambda: len(served()) >= 5, "five are asked for")
    assert not any(served())
    assert patient.journeys(since).bad


def test_nobody_buys_any_more_while_every_attempt_is_good(patient: Patient) -> None:
    patient.inject("conversion")
    patient.live.healthy()  # after the restart of its deployment
    since, asked, bought = time_ns(), patient.quotes(), patient.policies()

    until(lambda: patient.quotes() >= asked + 20, "twenty customers ask")
    count = patient.journeys(since)
    assert patient.policies() == bought
    assert count.good > 0
    assert count.bad == 0


def test_a_retry_storm_multiplies_the_calls(patient: Patient) -> None:
    hit = patient.inject("retry-storm")
    since = int(str(hit["at"])) + 3 * SECOND

    def calls_for_each_request() -> float:
        spans = patient.spans("quote-service", since)
        requests = sum(is_server(span) and span.name == "POST /quotes" for span in spans)
        return sum(is_client(span, "GET") for span in spans) / requests if requests >= 5 else 0.0

    until(lambda: calls_for_each_request() > 3, "one request asks user-service more than three times")
    assert patient.journeys(since).bad


def test_a_surge_makes_customers_wait_and_give_up(patient: Patient) -> None:
    hit = patient.inject("traffic-surge", "--seconds", "6")
    since = int(str(hit["at"])) + SECOND

    def quote_ms() -> float:
        return patient.median_ms("traffic", since, lambda span: span.name == "journey quote")

    until(lambda: patient.journeys(since).bad or quote_ms() > 1000, "customers wait a second, or give up")


def test_a_bad_limit_kills_the_service_again_after_a_restart(patient: Patient) -> None:
    kills = len(patient.journal())
    patient.inject("bad-limit", "--service", "user-service")
    until(lambda: len(patient.journal()) > kills, "the warden kills it")
    until(lambda: not patient.live.pid("user-service"), "it is gone")
    space_supervisor.start(patient.live.running.socket, "user-service")

    until(lambda: len(patient.journal()) > kills + 1, "and again")
    assert {entry["unit"] for entry in patient.journal()[kills:]} == {"user-service"}
    assert {entry["limit"] for entry in patient.journal()[kills:]} == {40_000_000}


def test_a_harmless_deployment_changes_nothing_for_the_customers(patient: Patient) -> None:
    starts = patient.live.starts("user-service")
    patient.inject("harmless-deploy")

    assert patient.live.starts("user-service") == starts + 1
    assert "DATABASE_POOL_SIZE=6" in (patient.live.state.deployed / "user-service.env").read_text()
    patient.live.healthy()


def came(patient: Patient, since: int, synthetic: bool) -> int:
    visits = [span for span in patient.spans("traffic", since) if span.name == "journey quote"]
    return sum(span.attributes["journey.synthetic"] is synthetic for span in visits)


def test_in_a_quiet_night_hardly_anybody_comes_and_on_a_busy_day_four_times_as_many(patient: Patient) -> None:
    def customers(seconds: int) -> int:
        """Who came while so many synthetic customers did: one comes each second."""
        since = time_ns()
        until(lambda: came(patient, since, synthetic=True) >= seconds, "seconds pass")
        return came(patient, since, synthetic=False)

    patient.inject("quiet-night")
    night = customers(4)
    patient.inject("busy-day")
    day = customers(4)

    assert night <= 6
    assert day > 40


@pytest.mark.parametrize("server", ["telemetry", "bus"])
def test_in_a_blackout_the_patient_is_well_and_it_ends_by_itself(patient: Patient, server: str) -> None:
    hit = patient.inject("blackout", "--service", server, "--seconds", "2")
    process = psutil.Process(int(str(hit["pid"])))

    assert process.status() == psutil.STATUS_STOPPED
    url = f"http://{HOST}:{patient.live.running.ports['quote_service_port']}/quotes"
    assert httpx.post(url, json={"user_id": 1, "product": "auto"}, trust_env=False, timeout=120).status_code == 201
    until(lambda: process.status() != psutil.STATUS_STOPPED, f"{server} goes on")


def deployed(patient: Patient) -> Deployment:
    async def done() -> Deployment:
        async with Connections.of(patient.live.state).deployer() as deployer:
            return await deployer.deploy()

    return asyncio.run(done())


def test_a_deployment_restarts_only_what_changed_tells_about_it_and_twice_is_once(
    patient: Patient, tmp_path: Path
) -> None:
    begun = time_ns()
    before = {one: patient.live.starts(one) for one in PATIENT}
    text = (patient.live.state.deployed / "user-service.env").read_text()
    patient.push("user-service.env", f"{text}# by the way\n", "A remark", tmp_path / "clone")
    (tmp_path / "clone" / "deploy" / "config" / "space.env").touch()
    asked = [deployed(patient), deployed(patient)]  # the warden is at it too, and one of the three does it

    lines = (patient.live.state.deployed.parent / "deployments.jsonl").read_text().splitlines()
    first = next(one for one in map(json.loads, lines) if one["subject"] == "A remark")
    assert (first["changed"], first["restarted"], first["failed"]) == (["user-service.env"], ["user-service"], [])
    assert [(one.commit, one.at) for one in asked] == [(first["commit"], first["at"])] * 2
    assert not asked[1].changes_something
    assert {one for one in PATIENT if patient.live.starts(one) > before[one]} == {"user-service"}
    told = until(lambda: patient.records("changes", begun)[1:] and patient.records("changes", begun), "it is told")
    phases = [(one["id"], one["phase"], one["service"]) for one in map(json.loads, (record.value for record in told))]
    assert phases == [(first["commit"], phase, "user-service") for phase in ("started", "done")]


@pytest.mark.parametrize(
    ("name", "line"), [("policy-service.env", "DATABASE_POOL_SIZE: 6"), ("space.env", "POLICY_SERVICE_REPLICAS=two")]
)
def test_a_file_that_does_not_parse_refuses_the_deployment_with_its_line(
    patient: Patient, tmp_path: Path, name: str, line: str
) -> None:
    path = patient.live.state.deployed / name
    before, number = path.read_text(), len(path.read_text().splitlines()) + 1
    patient.push(name, f"{before}{line}\n", "A slip", tmp_path / "wrong")
    with pytest.raises(Malformed, match=re.escape(f"deploy/config/{name}:{number}: '{line}' is not")):
        deployed(patient)

    assert path.read_text() == before
    patient.push(name, before, "No slip", tmp_path / "right")
    assert not deployed(patient).changes_something


DOCTORS_WORDS = {"slow-query"}  # also the name of a cause


def test_no_run_of_chaos_left_a_mark_that_an_agent_could_read(patient: Patient) -> None:
    """Last: every experiment has been here."""
    runs = [json.loads(line) for path in patient.home.rglob("runs.jsonl") for line in path.read_text().splitlines()]
    assert {run["fault"] for run in runs} == set(EXPERIMENTS)
    begun = min(int(run["at"]) for run in runs) - SECOND

    patients_words, everything = said_by_the_patient(patient, begun), said_to_the_agents(patient, begun)

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
    secrets = [patient.live.state.network_key.read_text(), *(run["canary"] for run in runs)]
    names = ["sre_chaos", "sre-chaos", "trigger_chaos", "SRE_CHAOS", "CANARY", "delay_ms", "assessments_quota"]
    assert not [word for word in (*secrets, *names) if word in everything or word in patients_words]
    assert not mentions(patients_words, EXPERIMENTS)
    assert not mentions(everything, {name for name in EXPERIMENTS if "-" in name} - DOCTORS_WORDS)
