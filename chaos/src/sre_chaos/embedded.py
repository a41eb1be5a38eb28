"""The embedded space, read from its state folder. Imports no code of it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sre_chaos.adapters.demand_file import DemandFile
from sre_chaos.adapters.forge_tools import ForgeTools
from sre_chaos.adapters.git_program import GitProgram
from sre_chaos.adapters.links import Links
from sre_chaos.adapters.mcp import McpServer
from sre_chaos.adapters.sqlite import SqliteFile
from sre_chaos.adapters.supervisord import Supervisord
from sre_chaos.errors import Unreachable
from sre_chaos.ports import Repository
from sre_chaos.space import SERVICES, Space

HOST = "127.0.0.1"
PORT = "_port"


def embedded_space(state: Path) -> Space:
    """Return the space by the record that a running space keeps; raise `Unreachable` when none runs."""
    try:
        root = state.resolve()
        record = json.loads((root / "run" / "space.json").read_text())
        ports = {str(name): int(port) for name, port in record["ports"].items()}
        supervisor, socket = int(record["pid"]), Path(str(record["socket"]))
        return Space(
            root,
            Supervisord(str(socket)),
            Links(socket.with_name("network.sock"), root / "keys" / "network.key"),
            DemandFile(root / "apps"),
            _repository(root, ports, record),
            {name: SqliteFile(name, root / "apps" / f"{name}.db") for name in SERVICES},
            {name.removesuffix(PORT).replace("_", "-"): (HOST, port) for name, port in ports.items()},
            lambda: _runs(supervisor),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise Unreachable(f"no space runs in {state}; start one with: sre-space up") from error


def _repository(root: Path, ports: Mapping[str, int], record: Mapping[str, Any]) -> Repository:
    """Return the repository on the space's own forge, or the one on a forge that the space was told to use."""
    elsewhere = record.get("servers", {}).get("FORGE_URL", "")
    if elsewhere:
        forge = McpServer(elsewhere, os.environ.get("GITHUB_PERSONAL_ACCESS_TOKEN", ""))
        return ForgeTools(forge, str(record["repository"]), root / "deploy")
    url = f"http://{HOST}:{ports.get('forge_port', 0)}/{record['repository']}.git"
    return GitProgram(url, root, str(record["python"]))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
