"""Embedded, main of the forge is what runs, without a command: the deployer applies whatever was merged or pushed."""

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import time_ns
from typing import Any

import psutil
import pytest
from support.application import Application
from support.live import start
from support.waiting import until

from sre_space.adapters.github_mcp import GithubGitOps
from sre_space.bootstrap.space.servers import HOST
from sre_space.codec.changes import change_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: no commits over HTTP"),
]
PART = ("bus", "telemetry", "forge", "user-service", "deployer")
NAME = "user-service.env"


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """Yield a space of a few processes."""
    live = start(tmp_path_factory.mktemp("space"), PART)
    yield Application(live, tmp_path_factory.mktemp("home"))
    live.down()


def recorded(application: Application, subject: str) -> Mapping[str, Any]:
    """Return the deployment of the commit with that subject, once it is done."""
    path = application.live.state.deployed.parent / "deployments.jsonl"

    def found() -> list[Mapping[str, Any]]:
        told = path.read_text().splitlines() if path.exists() else []
        return [one for one in map(json.loads, told) if one["subject"] == subject]

    return until(found, f"{subject} is deployed")[0]


def told(application: Application, since: int, phase: str) -> list[Mapping[str, Any]]:
    """Return the records of a phase in the topic `changes` since a time."""
    records = [json.loads(record.value) for record in application.records("changes", since)]
    return [one for one in records if one["phase"] == phase]


def pool_size(application: Application) -> str:
    """Return the DATABASE_POOL_SIZE that user-service runs with."""
    return psutil.Process(application.live.pid("user-service")).environ()["DATABASE_POOL_SIZE"]


def test_what_an_agent_merges_runs_and_is_told(application: Application) -> None:
    identities = json.loads(application.live.state.identities.read_text())
    token = next(one["token"] for one in identities if one["login"] == "sre-fixer")
    owner, _, repo = application.live.running.repository.partition("/")
    begun, path, branch = time_ns(), f"deploy/config/{NAME}", "sre/inc-1-20261125T100000Z"

    async def merged() -> str:
        gitops = GithubGitOps(f"http://{HOST}:{application.live.running.ports['forge_port']}/mcp", token, owner, repo)
        base = (await gitops.commits())[0].sha
        await gitops.create_branch(branch, base)
        await gitops.commit_files(branch, {path: "DATABASE_POOL_SIZE=6\n"}, "m", base)
        number = await gitops.open_pull("t", "", branch)
        sha = await gitops.squash(number, (await gitops.pull(number)).head_sha, "Six connections", "")
        await gitops.close()
        return sha

    sha = asyncio.run(merged())
    done = recorded(application, "Six connections")
    assert (done["commit"], done["changed"], done["restarted"], done["failed"]) == (sha, [NAME], ["user-service"], [])
    assert pool_size(application) == "6"
    (event,) = until(lambda: told(application, begun, "done"), "it is told")
    assert set(event) == {"id", "kind", "phase", "service", "files", "summary", "time", "previous"}
    assert (event["id"], event["kind"], event["summary"]) == (sha, "deployment", "Six connections")
    assert (event["service"], event["files"]) == ("user-service", [NAME])
    change = change_of(json.dumps(event).encode(), 1)  # as `sre-space diagnose` reads it
    assert (change.id, change.service, change.summary) == (sha, "user-service", "Six connections")


def test_a_commit_that_does_not_parse_is_refused_once_and_the_next_one_runs(
    application: Application, tmp_path: Path
) -> None:
    begun = time_ns()
    application.push(NAME, "DATABASE_POOL_SIZE: 7\n", "A slip", tmp_path / "wrong")
    (event,) = until(lambda: told(application, begun, "refused"), "it is refused")
    line = "deploy/config/user-service.env:1: 'DATABASE_POOL_SIZE: 7' is not NAME=value"
    assert (event["summary"], event["reason"], event["files"]) == ("A slip", line, [])
    assert line in application.live.state.log("deployer").read_text()

    application.push(NAME, "DATABASE_POOL_SIZE=7\n", "No slip", tmp_path / "right")
    assert recorded(application, "No slip")["restarted"] == ["user-service"]
    assert pool_size(application) == "7"
    assert len(told(application, begun, "refused")) == 1
    assert application.live.state.log("deployer").read_text().count(line) == 1


def test_a_dry_run_tells_what_a_deployment_would_do_and_does_nothing(application: Application, tmp_path: Path) -> None:
    deployer = psutil.Process(application.live.pid("deployer"))
    deployer.suspend()
    try:
        application.push(NAME, "DATABASE_POOL_SIZE=9\n", "Nine", tmp_path / "clone")
        before = application.live.pid("user-service")
        told_ = [application.live.answer("deploy", "--dry-run") for _ in range(2)]
    finally:
        deployer.resume()

    assert all(f"(Nine) would replace {NAME} and restart user-service; nothing was changed" in one for one in told_)
    assert recorded(application, "Nine")["restarted"] == ["user-service"]
    assert application.live.pid("user-service") != before
    assert "is deployed already" in application.live.answer("deploy", "--dry-run")


def test_a_service_that_a_killed_deployer_left_stopped_is_started_with_what_was_decided(
    application: Application, tmp_path: Path
) -> None:
    service = psutil.Process(application.live.pid("user-service"))
    service.suspend()  # it does not hear that it is to stop: that takes supervisord three seconds
    limits = application.live.state.deployed / "space.env"
    text = limits.read_text().replace("USER_SERVICE_MEMORY_BYTES=400000000", "USER_SERVICE_MEMORY_BYTES=500000000")
    application.push("space.env", text, "More memory", tmp_path / "clone")
    under_way = application.live.state.deployed.parent / "underway.json"
    until(under_way.exists, "the deployment is under way")
    application.live.kill("deployer")

    done = recorded(application, "More memory")
    assert (done["changed"], done["restarted"], done["failed"]) == (["space.env"], ["user-service"], [])
    assert application.live.pid("user-service") not in (0, service.pid)
    assert application.live.state.running("user-service").read_text().splitlines()[1] == "500000000"
    assert not under_way.exists()


def test_what_is_pushed_while_the_deployer_is_dead_runs_when_it_is_back(
    application: Application, tmp_path: Path
) -> None:
    application.live.kill("deployer")
    application.push(NAME, "DATABASE_POOL_SIZE=8\n", "Meanwhile", tmp_path / "clone")

    assert recorded(application, "Meanwhile")["failed"] == []
    assert pool_size(application) == "8"
    assert "Traceback" not in application.live.state.log("deployer").read_text()
