"""The space of containers: how it is recognised, what it is made of, and the command that reaches it from the host."""

import os
from pathlib import Path

import pytest

from sre_chaos.adapters.docker import DockerDoor
from sre_chaos.adapters.forge_tools import ForgeTools
from sre_chaos.adapters.postgresql import PostgresDatabase
from sre_chaos.adapters.sqlite import SqliteFile
from sre_chaos.cli import main
from sre_chaos.compose import compose_space
from sre_chaos.errors import NoTarget, Unreachable
from sre_chaos.space import Space

DOOR = {"SRE_CHAOS_DOOR": "tcp://docker-chaos:2375"}
SECRETS = (
    "FORGE_URL=http://forge:8010/mcp\nGITHUB_PERSONAL_ACCESS_TOKEN=t\n"
    "SRE_CHAOS_DATABASE_URL=postgresql://reporting:p@postgres:5432\n"
)


def space(folder: Path, **settings: str) -> Space:
    """Return the space that a container with these settings sees."""
    (folder / "environment").write_text(SECRETS)
    return compose_space(DOOR | settings, folder / "data", folder)


def test_its_parts_are_found_by_the_containers_settings_and_secrets(tmp_path: Path) -> None:
    here = space(tmp_path, FORGE_URL="")

    assert here.runtime == DockerDoor("tcp://docker-chaos:2375")
    assert here.address("policy-service") == ("policy-service", 8002)
    assert here.database("quote-service") == PostgresDatabase(
        "quote-service", "postgresql://reporting:p@postgres:5432/quote_service", "quotes"
    )
    assert isinstance(here.repository, ForgeTools)
    assert (here.repository.forge.url, here.repository.repository) == (
        "http://forge:8010/mcp",
        "local/cloud-insurance",
    )
    with pytest.raises(NoTarget, match="traffic has no database here"):
        here.database("traffic")


def test_a_setting_goes_before_a_secret_and_says_which_databases_there_are(tmp_path: Path) -> None:
    public = "https://api.githubcopilot.com/mcp/"
    here = space(tmp_path, FORGE_URL=public, REPO_OWNER="shop", REPO_NAME="x", SRE_CHAOS_DATABASES="sqlite")

    assert here.database("policy-service") == SqliteFile(
        "policy-service", tmp_path / "data" / "policy-service" / "policy-service.db"
    )
    with pytest.raises(NoTarget, match="--repo shop/x"):
        here.repository.require_consent("")


def test_without_its_secrets_it_says_how_the_stack_is_started(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"start the stack with deploy/compose/chaos\.yml"):
        compose_space(DOOR, tmp_path, tmp_path)


def test_on_the_host_the_command_is_run_in_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert main(["--compose", "kill", "user-service", "--seconds", "3"]) == 3
    assert capfd.readouterr().out == ("compose exec --no-TTY chaos python -m sre_chaos kill user-service --seconds 3\n")


def test_without_docker_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert main(["--compose", "--list"]) == 1
    assert "docker is not installed here" in capsys.readouterr().err
