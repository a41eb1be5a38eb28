"""Each process of a space, started over a wrong setting, file or folder: one sentence, and the status that fits."""

import os
import subprocess
from pathlib import Path

import pytest
from support.servers import command_of

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.space.processes import IDENTITIES
from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import SpaceState

ROOT = Path(__file__).resolve().parents[2]
QUIET = {
    "SRE_SPACE_CHART": str(ROOT / "sre-space.yaml"), "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "FORGE_URL": "http://127.0.0.1:1/mcp",
}  # fmt: skip
CASES = (
    ("bus", "SRE_SPACE_STATE", "/dev/null", 2), ("telemetry", "TELEMETRY_TOKENS_FILE", "/nowhere", 2),
    ("forge", "SRE_SPACE_STATE", "/dev/null", 2), ("network", "NETWORK_LINKS", "x", 2),
    ("warden", "SRE_NOTIFY_URLS", "nonsense", 2), ("deployer", "RUNTIME", "podman", 2),
    ("scout", "SRE_SPACE_CHART", "/nowhere", 2),
    ("brain", "JAEGER_URL", "http://[::1", 2), ("fixer", "FORGE_URL", "nonsense", 2),
    ("memory", "CHROMA_URL", "http://a\nb", 2), ("chroma", "", "", 2),
)  # fmt: skip


@pytest.fixture(name="root", scope="module")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a state folder as the first start makes it, and return its path."""
    state = SpaceState(tmp_path_factory.mktemp("state"))
    state.make()
    for name in SIGNERS:
        make_key(state.root / "keys" / f"{name}.key", state.root / "trust", name)
    write_identities(state.identities, IDENTITIES)
    return state.root


@pytest.mark.parametrize(("name", "setting", "value", "status"), CASES)
def test_a_process_over_a_wrong_setting_ends_with_one_sentence(
    root: Path, name: str, setting: str, value: str, status: int
) -> None:
    environment = {**os.environ, "SRE_SPACE_STATE": str(root), **QUIET, **({setting: value} if setting else {})}
    done = subprocess.run(command_of(name), env=environment, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"{name}: "), done.stderr
