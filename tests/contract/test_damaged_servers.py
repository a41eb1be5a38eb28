"""The real servers over damaged files: they go on, or they end with one sentence; no traceback either way."""

import os
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
from support.damage import Damage, damage_file
from support.servers import ForgeServer, TelemetryServer, command_of
from support.waiting import until

from sre_space.adapters.ed25519 import make_key


@pytest.mark.parametrize("damage", [Damage.EMPTY, Damage.FIRST_BYTES, Damage.FOLDER, Damage.CUT_SHORT])
def test_the_telemetry_server_serves_over_damaged_spans(
    telemetry: TelemetryServer, tmp_path: Path, damage: Damage
) -> None:
    telemetry.process.kill(signal.SIGTERM)
    damage_file(tmp_path / "telemetry" / "spans.db", damage)

    telemetry.process.start()

    assert httpx.get(f"{telemetry.query}/api/services", trust_env=False).json()["data"] == []


def test_spans_that_become_damaged_end_the_server_once_and_it_begins_anew(
    telemetry: TelemetryServer, tmp_path: Path
) -> None:
    path = tmp_path / "telemetry" / "spans.db"
    for one in (path, path.with_name("spans.db-wal")):
        if one.exists():
            damage_file(one, Damage.GARBAGE)

    assert httpx.get(f"{telemetry.query}/api/services", trust_env=False).status_code == 500
    assert telemetry.process.process is not None
    assert telemetry.process.process.wait(120) == 2
    telemetry.process.start()
    until(lambda: httpx.get(f"{telemetry.query}/api/services", trust_env=False).status_code == 200, "it answers")
    assert "has become damaged" in telemetry.process.log.read_text()


@pytest.mark.parametrize("name", ["forge.db", "identities.json", "local/cloud-insurance.git/refs/heads/main"])
def test_the_forge_ends_with_one_sentence_over_what_it_cannot_do_without(
    forge_server: ForgeServer, tmp_path: Path, name: str
) -> None:
    forge_server.process.kill(signal.SIGTERM)
    path = tmp_path / "forge" / name
    damage_file(path, Damage.GARBAGE)
    path.with_name(f"{path.name}-wal").unlink(missing_ok=True)

    environment = {**os.environ, **forge_server.process.environment}
    done = subprocess.run(
        forge_server.process.command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 2
    assert str(tmp_path / "forge") in done.stderr
    assert "Traceback" not in done.stderr
    forge_server.process.process = subprocess.Popen(["true"])


@pytest.mark.parametrize("agent", ["scout", "memory"])
def test_an_agent_whose_key_is_not_trusted_ends_with_one_sentence(tmp_path: Path, agent: str) -> None:
    make_key(tmp_path / "keys" / f"{agent}.key", tmp_path / "trust", agent)
    damage_file(tmp_path / "keys" / f"{agent}.key", Damage.FIRST_BYTES)
    environment = {**os.environ, "SRE_SPACE_STATE": str(tmp_path)}
    environment["SRE_SPACE_CHART"] = str(Path(__file__).resolve().parents[2] / "sre-space.yaml")

    done = subprocess.run(
        command_of(agent),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 2
    assert f"sre-space keys rotate --agent {agent}" in done.stderr
    assert "Traceback" not in done.stderr
