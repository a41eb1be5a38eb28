"""`sre-space up` with a forge that a setting names: the space starts none of its own, and deploys from that one."""

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.live import CHECKOUT
from support.servers import command_of, serving
from support.waiting import free_port, until

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.space import lifecycle as space
from sre_embedded.space.plan import plan_of
from sre_embedded.space.ports import is_free
from sre_space.adapters.github_mcp import GithubGitOps
from sre_space.bootstrap.connections import Connections
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.domain.errors import Malformed
from sre_space.settings import CommandLineSettings

pytestmark = pytest.mark.e2e
PART = ("bus", "telemetry", "forge", "user-service", "memory", "deployer")
FILE = "deploy/config/user-service.env"


def test_a_space_uses_the_forge_that_env_names_and_starts_none(tmp_path: Path) -> None:
    port, home, elsewhere = free_port(), tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    shutil.copytree(CHECKOUT / "deploy", home / "deploy")
    for name in ("sre-space.yaml", "processes.yaml"):
        shutil.copy(CHECKOUT / name, home)
    accounts = write_identities(
        elsewhere / "forge" / "identities.json", {"agents": "write", "deployer": "read", "operator": "admin"}
    )
    tokens, url = {one.login: one.token for one in accounts}, f"http://127.0.0.1:{port}/mcp"
    (home / ".env").write_text(
        f"FORGE_URL={url}\nGITHUB_PERSONAL_ACCESS_TOKEN={tokens['agents']}\n"
        f"DEPLOYER_GITHUB_PERSONAL_ACCESS_TOKEN={tokens['deployer']}\nPOLL_SECONDS=0.2\n"
    )
    plan, _ = plan_of(tmp_path / "state", True, home / "sre-space.yaml", False)
    environment = {"SRE_SPACE_STATE": str(elsewhere), "FORGE_PORT": str(port), "FORGE_SEED": str(CHECKOUT)}

    with serving(command_of("forge"), environment, lambda: not is_free(port), tmp_path / "forge.log"):
        try:
            running = space.up(plan, lambda _: None, PART)
            assert "forge" not in {unit.name for unit in space_supervisor.units(running.socket)}
            assert dict(running.servers) == {"FORGE_URL": url}
            env = plan.state.run / "env"
            assert f"GITHUB_PERSONAL_ACCESS_TOKEN={tokens['deployer']}\n" in (env / "deployer.env").read_text()
            assert tokens["agents"] in (env / "memory.env").read_text()
            assert not any(token in (env / "user-service.env").read_text() for token in tokens.values())

            async def pushed() -> str:
                gitops = GithubGitOps(url, tokens["operator"], "local", "cloud-insurance")
                head = (await gitops.commit("main")).sha
                sha = await gitops.commit_files("main", {FILE: "DATABASE_POOL_SIZE=7\n"}, "Seven", head)
                await gitops.close()
                return sha

            sha = asyncio.run(pushed())
            path = plan.state.deployed.parent / "deployments.jsonl"
            done = until(lambda: path.exists() and [one for one in lines(path) if one["commit"] == sha], "it runs", 60)
            assert [(one["restarted"], one["failed"]) for one in done or ()] == [(["user-service"], [])]
            until((env / "memory.on-duty").exists, "an agent reads its incidents there", 60)

            with pytest.raises(Malformed, match=r"^GITHUB_PERSONAL_ACCESS_TOKEN is not set"):
                Connections.of(plan.state).forge()
            settings = CommandLineSettings.model_construct(github_personal_access_token=tokens["agents"])
            access = replace(Connections.of(plan.state, settings).forge(), token="")
            assert (access.url, access.repository) == (url, "local/cloud-insurance")
        finally:
            space.down(plan.state, lambda _: None)


def lines(path: Path) -> list[dict[str, object]]:
    """Return the deployments that are recorded in a file, one a line."""
    return [json.loads(line) for line in path.read_text().splitlines()]
