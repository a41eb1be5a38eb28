"""The command line and `deploy --watch` where no space runs: forge and runtime are named by settings, or by `.env`."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.recorded import RELEASES, chains
from support.runtimes import UNIT, Supervised, now, supervisord
from support.servers import ForgeServer, chroma
from support.waiting import free_port, until

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.ed25519 import make_key
from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge
from sre_space.adapters.minilm import MiniLm

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = "deploy/config/policy-service.env"
SERVES = "import http.server as h; h.HTTPServer(('127.0.0.1', {}), h.SimpleHTTPRequestHandler).serve_forever()"


class Machine:
    """One without a space: a folder with a configuration, a runtime of its own, and what a person has set."""

    def __init__(self, folder: Path, forge: ForgeServer, **settings: str) -> None:
        self.home, self.forge = folder / "home", forge
        self.state = folder / "state"
        self.home.mkdir()
        text = (CHECKOUT / "sre-space.yaml").read_text()
        (self.home / "sre-space.yaml").write_text(text.replace("/health", "/"))
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {
            **inherited,
            "SRE_SPACE_STATE": str(self.state),
            "NO_COLOR": "1",
            "COLUMNS": "300",
            **settings,
        }
        self.program = [sys.executable, "-m", "sre_space.cli.main"]

    @property
    def named(self) -> dict[str, str]:
        """The forge."""
        token = self.forge.identities["sre-scout"].token
        return {"FORGE_URL": f"{self.forge.url}/mcp", "GITHUB_PERSONAL_ACCESS_TOKEN": token, "POLL_SECONDS": "0.2"}

    def write_env(self, **settings: str) -> None:
        """`.env` beside the configuration."""
        (self.home / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `sre-space`."""
        return subprocess.run(
            [*self.program, *words], env=self.environment, cwd=self.home, capture_output=True, text=True, check=False
        )

    @contextmanager
    def watching(self, log: Path) -> Iterator[None]:
        """`sre-space deploy --watch`, until it is interrupted."""
        with log.open("w") as told:
            command = [*self.program, "deploy", "--watch"]
            process = subprocess.Popen(command, env=self.environment, cwd=self.home, stdout=told, stderr=told)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        assert "Traceback" not in log.read_text(), log.read_text()

    def deployments(self) -> list[dict[str, object]]:
        """Return the records of what was deployed on this machine."""
        path = self.state / "deploy" / "deployments.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def commit(forge: ForgeServer, text: str, subject: str) -> str:
    """Commit to main as a person, and return the commit's id."""

    async def made() -> str:
        gitops = GithubGitOps(f"{forge.url}/mcp", forge.identities["operator"].token, "local", "cloud-insurance")
        try:
            return await gitops.commit_files("main", {FILE: text}, subject, (await gitops.commit("main")).sha)
        finally:
            await gitops.close()

    return asyncio.run(made())


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Supervised, str]]:
    """Yield a supervisord whose unit serves, and the unit's port."""
    port = str(free_port())
    with supervisord(tmp_path_factory.mktemp("r"), SERVES.format(port)) as found:
        yield found, port


def test_deploy_watch_applies_the_main_of_a_forge_that_a_setting_names_through_the_runtime_that_another_names(
    forge_server: ForgeServer, runtime: tuple[Supervised, str], tmp_path: Path
) -> None:
    supervised, port = runtime
    machine = Machine(tmp_path, forge_server, POLICY_SERVICE_PORT=port)
    machine.write_env(**machine.named, RUNTIME_SOCKET=supervised.runtime.socket)
    assert not machine.state.exists()
    first = now(lambda: supervised.runtime.unit(UNIT)).incarnation

    with machine.watching(tmp_path / "watch.log"):
        (start,) = until(machine.deployments, "main is deployed", 60)
        assert (start["subject"], start["restarted"], start["failed"]) == ("Desired state of the space", [UNIT], [])
        second = now(lambda: supervised.runtime.unit(UNIT)).incarnation
        sha = commit(forge_server, "DATABASE_POOL_SIZE=7\n", "Seven connections")
        done = until(lambda: machine.deployments()[1:], "the commit is deployed", 60)[0]

    third = now(lambda: supervised.runtime.unit(UNIT)).incarnation
    assert len({first, second, third}) == 3
    assert (done["commit"], done["changed"], done["restarted"]) == (sha, ["policy-service.env"], [UNIT])
    assert (machine.state / "deploy" / "config" / "policy-service.env").read_text() == "DATABASE_POOL_SIZE=7\n"
    again = machine.run("deploy")
    assert (again.returncode, again.stdout) == (0, f"{sha[:12]} is deployed already\n"), again.stderr
    assert now(lambda: supervised.runtime.unit(UNIT)).incarnation == third


def test_without_a_runtime_the_files_are_put_down_and_the_setting_is_named(
    forge_server: ForgeServer, tmp_path: Path
) -> None:
    machine = Machine(tmp_path, forge_server)
    machine.environment |= machine.named

    planned, done = machine.run("deploy", "--dry-run"), machine.run("deploy")

    assert (planned.returncode, done.returncode) == (0, 0), planned.stderr + done.stderr
    assert "would replace policy-service.env, " in planned.stdout
    assert "restarted: nothing" in done.stdout
    assert "sre-space: no service is restarted: RUNTIME is not set: the runtime that runs the units" in done.stderr
    names = {path.name for path in (machine.state / "deploy" / "config").iterdir()}
    assert names == {path.name for path in (CHECKOUT / "deploy" / "config").glob("*.env")}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"GITHUB_PERSONAL_ACCESS_TOKEN": ""}, "GITHUB_PERSONAL_ACCESS_TOKEN is not set: "),
        ({"GITHUB_PERSONAL_ACCESS_TOKEN": "wrong"}, "; set GITHUB_PERSONAL_ACCESS_TOKEN"),
        ({"FORGE_URL": "http://127.0.0.1:9/mcp"}, "FORGE_URL, or GITHUB_API_URL, names the address"),
        ({"SRE_SPACE_CHART": "nowhere.yaml"}, "nowhere.yaml: No such file or directory; SRE_SPACE_CHART names"),
    ],
)
def test_what_is_missing_or_wrong_is_one_sentence(
    shared_forge: ForgeServer, tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    machine = Machine(tmp_path, shared_forge)
    machine.environment |= {**machine.named, **settings}

    done = machine.run("deploy", "--watch")

    assert done.returncode not in (0, None)
    assert told in done.stderr
    assert done.stderr.count("\n") == 1 + ("RUNTIME is not set" in done.stderr)


async def test_incidents_audits_stories_and_orders_are_of_the_forge_that_is_named(
    shared_forge: ForgeServer, tmp_path: Path
) -> None:
    machine = Machine(tmp_path, shared_forge)
    machine.write_env(**machine.named)
    missing = machine.run("incidents")
    assert missing.returncode != 0
    assert f"{machine.state / 'trust'} is missing: copy it from the agents' state folder" in missing.stderr
    make_key(machine.state / "keys" / "operator.key", machine.state / "trust", "operator")
    (machine.state / "keys" / "operator.key").rename(tmp_path / "operator.key")

    async def opened() -> int:
        token = shared_forge.identities["operator"].token
        forge = GithubMcpForge(f"{shared_forge.url}/mcp", token, "local", "cloud-insurance")
        try:
            return await forge.open_issue("Something is slow", "see the dashboard", ())
        finally:
            await forge.close()

    number = await opened()
    assert "Something is slow" in machine.run("show", str(number)).stdout
    assert machine.run("incidents").returncode == 0
    assert "0 incidents, 0 facts verified" in machine.run("audit").stdout
    assert "no open incident waits for a plan 'abc'" in machine.run("approve", "abc").stderr
    status = machine.run("status")
    assert "JAEGER_URL is not set: Jaeger's query API; see docs/settings.md" in status.stderr


async def test_lessons_are_indexed_on_the_chroma_server_that_is_named(
    forge_server: ForgeServer, tmp_path: Path
) -> None:
    space = RELEASES[0] / "space"
    recorded = chains(space)["issue-01"]
    machine = Machine(tmp_path, forge_server)
    shutil.copytree(space / "trust", machine.state / "trust")
    token = forge_server.identities["operator"].token
    forge = GithubMcpForge(f"{forge_server.url}/mcp", token, "local", "cloud-insurance")
    try:
        assert await forge.open_issue(recorded.issue.title, recorded.issue.body, recorded.issue.labels) == 1
        for comment in recorded.comments:
            await forge.comment(1, comment.body)
    finally:
        await forge.close()

    machine.write_env(**machine.named)
    unset = machine.run("memory", "rebuild")
    with chroma(tmp_path) as (url, _):
        machine.write_env(**machine.named, CHROMA_URL=url)
        done = machine.run("memory", "rebuild")
        model = MiniLm.load()
        (lesson,) = await ChromaCaseIndex(url, model.embed, model.pieces).recall("policy-service is down")

    assert unset.stderr.startswith("sre-space: CHROMA_URL is not set: the Chroma server")
    assert (done.returncode, done.stdout) == (0, "1 lesson indexed\n"), done.stderr
    assert lesson.lesson.facts["issue"] == 1
