"""The commands as a person types them: the demonstration, chaos, and looking at incidents."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from time import time_ns

import psutil
import pytest
from support.jaeger import trace
from support.live import CHECKOUT, LiveSpace
from support.waiting import until

from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.ports.bus import Record

pytestmark = pytest.mark.e2e

COMMAND = [sys.executable, "-m", "sre_space.cli.main"]
KEYS = {
    "fault", "detected", "issue", "title", "service", "mitigation", "recovered", "mttd_s", "mttr_s", "journeys_failed",
    "postmortem", "lesson",
}  # fmt: skip


def members(folder: Path) -> list[psutil.Process]:
    """Return the processes of any space whose state is in a folder, without those of the command line."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SRE_SPACE_STATE", "").startswith(str(folder)):
                found.append(process)
        except psutil.Error:
            continue
    ours = {"sre_space.cli.main", "sre_embedded"}
    return [process for process in found if not ours & {*process.cmdline()}]


def environment(folder: Path) -> dict[str, str]:
    """Return an environment without settings of a space, in which the demonstration uses `folder` as TMPDIR."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SRE_SPACE")}
    return {**kept, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", "COLUMNS": "300"}


def test_the_demonstration_ends_with_one_json_object_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--fault", "kill", "--json"],
        env=environment(tmp_path), cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.strip().splitlines()
    story = json.loads(line)
    assert set(story) >= KEYS
    assert (story["fault"], story["service"]) == ("kill", "policy-service")
    assert story["title"] == "[INCIDENT] Infrastructure Alert: policy-service"
    assert story["mitigation"] == "MITIGATION: RESTART policy-service"
    assert story["detected"] is story["recovered"] is True
    assert 0 < story["mttd_s"] < story["mttr_s"]
    assert story["journeys_failed"] > 0
    assert "## Post-mortem" in story["postmortem"]
    assert "policy-service crash" in story["lesson"]
    assert not members(tmp_path)
    assert not list(tmp_path.glob("sre-space-demo-*"))


MOMENTS = ("starting bus", "starting traffic", "waiting for healthy", "injected into", "detect")


@pytest.mark.kill
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP], ids=lambda one: one.name)
def test_ctrl_c_or_a_closed_terminal_at_any_moment_of_the_demonstration_leaves_nothing(
    tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    with subprocess.Popen(
        [*COMMAND, "demo"], env=environment(tmp_path), cwd=CHECKOUT,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if moment in line:
                process.send_signal(number)
                break
        rest = process.stdout.read()
        code = process.wait(120)

    assert (code, "Traceback" in rest) == (130, False), rest
    assert "nothing is left running" in rest
    until(lambda: not members(tmp_path), "every process is gone")
    assert not list(tmp_path.glob("sre-space-demo-*"))


def test_an_unknown_fault_is_one_sentence_before_anything_starts(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "demo", "--fault", "gremlins"],
        env=environment(tmp_path), cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "gremlins" in done.stderr
    assert "kill" in done.stderr
    assert "starting" not in done.stderr + done.stdout


def on(live: LiveSpace, *words: str) -> str:
    """Run a Python command on the running space; return what it prints."""
    told = {**os.environ, "SRE_SPACE_STATE": str(live.state.root), "NO_COLOR": "1", "COLUMNS": "300"}
    done = subprocess.run([sys.executable, *words], env=told, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return done.stdout


def test_chaos_hits_and_incidents_and_show_tell_the_story(live: LiveSpace) -> None:
    # No test before changes this service: a death soon after a deployment is blamed on the commit.
    since = time_ns()
    hit = on(live, "trigger_chaos.py", "kill", "policy-service")
    case = live.closed(live.outage("policy-service", since).issue)

    assert hit.startswith("kill: policy-service (process ")
    first, *_ = [line for line in on(live, *COMMAND[1:], "incidents").splitlines() if "[INCIDENT]" in line]
    assert all(word in first for word in (str(case.issue), "policy-service", "closed", "Status: Fixed", "remember"))
    story = on(live, *COMMAND[1:], "show", str(case.issue))
    for told in (
        "Scout observes",
        "Brain: CONFIRMED",
        "MITIGATION: RESTART policy-service",
        "RECOVERED",
        "Post-mortem",
        "lesson: ",
    ):
        assert told in story
    assert "signature=" not in story


def test_status_tells_the_processes_the_journey_and_what_is_open(calm: LiveSpace) -> None:
    told = on(calm, *COMMAND[1:], "status")

    assert told.count("running") == len(space_supervisor.units(calm.running.socket))
    assert "journey, last minute: " in told
    assert "open incidents: none" in told


def test_events_are_cloud_events_in_the_trace_of_their_request(calm: LiveSpace) -> None:
    """`quote_requested` and `quote_purchased`, in the binary mode of CloudEvents 1.0's Kafka binding."""
    now = time_ns()

    def events(topic: str) -> list[Record]:
        return list(calm.records(topic, now - 20 * 10**9))

    url = f"http://127.0.0.1:{calm.running.ports['jaeger_port']}"
    asked = until(lambda: events("quote_requested"), "somebody asks")
    bought = until(lambda: events("quote_purchased"), "somebody buys")
    for record in (asked[0], bought[0]):
        assert record.headers["ce_specversion"] == b"1.0"
        assert record.headers["ce_source"] == b"/quote-service"
        assert record.headers["ce_type"].decode() == f"cloud-insurance.{record.topic}"
        assert record.headers["content-type"] == b"application/json"
        assert record.headers["ce_id"]
        assert json.loads(record.value)["quote_id"] == record.key.decode()
        trace_id = record.headers["traceparent"].decode().split("-")[1]
        spans = until(partial(trace, url, trace_id), "its trace is stored")
        assert {"quote-service", "traffic"} <= {span.service for span in spans}


@pytest.mark.parametrize("topic", ["otlp_spans", "otlp_logs", "otlp_metrics"])
def test_all_signals_of_all_services_are_republished(calm: LiveSpace, topic: str) -> None:
    def told() -> bool:
        records = calm.records(topic, time_ns() - 120 * 10**9)
        text = b"".join(record.value for record in records)
        wanted = (b"quote-service", b"policy-service", b"user-service") if topic != "otlp_logs" else (b"quote-service",)
        return all(name in text for name in wanted)

    assert until(told, f"the services are on {topic}")
