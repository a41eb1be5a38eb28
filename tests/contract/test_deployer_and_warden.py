"""The processes of the deployer and the warden over a real supervisord: what each does to it, and how it ends."""

import json
import signal
from pathlib import Path

from support.runtimes import UNIT, now, supervisord
from support.servers import Bus, ForgeServer, command_of, serving
from support.waiting import free_port, until

from sre_space.paths import StatePaths

ROOT = Path(__file__).resolve().parents[2]
SERVES = (
    "from http.server import BaseHTTPRequestHandler as B, HTTPServer as S;"
    "H=type('H',(B,),{{'do_GET':lambda s:(s.send_response(200),s.end_headers())}});"
    "S(('127.0.0.1',{port}),H).serve_forever()"
)


def test_it_applies_main_restarts_what_changed_and_ends_on_sigterm(
    forge_to_change: ForgeServer, shared_bus: Bus, tmp_path: Path
) -> None:
    port, state = free_port(), StatePaths(tmp_path / "state")
    journal = state.deploy / "deployments.jsonl"
    with supervisord(tmp_path, SERVES.format(port=port)) as runtime:
        environment = {
            "SRE_SPACE_STATE": str(state.root),
            "SRE_SPACE_CHART": str(ROOT / "sre-space.yaml"),
            "SRE_SPACE_UNIT": "deployer@0123456789ab",
            "FORGE_URL": f"{forge_to_change.url}/mcp",
            "GITHUB_PERSONAL_ACCESS_TOKEN": forge_to_change.identities["sre-scout"].token,
            "KAFKA_BOOTSTRAP_SERVERS": shared_bus.address,
            "RUNTIME_SOCKET": runtime.runtime.socket,
            "POLICY_SERVICE_PORT": str(port),
        }
        before = now(lambda: runtime.runtime.unit(UNIT))
        with serving(command_of("deployer"), environment, journal.exists, tmp_path / "deployer.log") as deployer:
            (line,) = until(lambda: journal.read_text().splitlines(), "the deployment is recorded")
            until(lambda: f"restarted: {UNIT}" in (tmp_path / "deployer.log").read_text(), "it is logged")
            assert deployer.kill(signal.SIGTERM) == 0
        after = now(lambda: runtime.runtime.unit(UNIT))

    done = json.loads(line)
    assert (done["restarted"], done["failed"]) == ([UNIT], [])
    assert after.incarnation != before.incarnation
    deployed = {path.name: path.read_bytes() for path in state.deployed.glob("*.env")}
    assert deployed == {path.name: path.read_bytes() for path in (ROOT / "deploy" / "config").glob("*.env")}


def test_the_warden_kills_what_is_above_its_limit_with_the_read_only_socket_alone(tmp_path: Path) -> None:
    state = StatePaths(tmp_path / "state")
    state.limits.parent.mkdir(parents=True)
    state.run.mkdir()
    state.limits.write_text(f"{UNIT.upper().replace('-', '_')}_MEMORY_BYTES=1000000\n")
    with supervisord(tmp_path) as runtime:
        environment = {
            "SRE_SPACE_STATE": str(state.root),
            "SRE_SPACE_UNIT": "warden@0123456789ab",
            "RUNTIME_READ_SOCKET": runtime.reader.socket,
        }
        log = tmp_path / "warden.log"
        with serving(command_of("warden"), environment, state.warden_journal.exists, log) as warden:
            until(lambda: now(lambda: runtime.runtime.unit(UNIT)).state == "exited", "supervisord sees it")
            assert warden.kill(signal.SIGTERM) == 0

    (kill,) = map(json.loads, state.warden_journal.read_text().splitlines())
    assert (kill["event"], kill["unit"], kill["limit"]) == ("oom", UNIT, 1_000_000)
    assert f"oom: killed {UNIT}" in log.read_text()
