"""A space that is only a folder, and the journal of its chaos."""

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sre_chaos.embedded import embedded_space
from sre_chaos.run import Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a run that hits policy-service of a space whose supervisor is this process."""
    monkeypatch.setenv("SRE_CHAOS_HOME", str(tmp_path / "chaos"))
    state = tmp_path / "state"
    for folder in ("run", "apps", "keys"):
        (state / folder).mkdir(parents=True)
    record = {
        "socket": str(tmp_path / "s.sock"),
        "pid": os.getpid(),
        "python": sys.executable,
        "ports": {"policy_service_port": 1, "forge_port": 1},
        "repository": "local/x",
    }
    (state / "run" / "space.json").write_text(json.dumps(record))
    space = embedded_space(state)
    with closing(sqlite3.connect(state / "apps" / "policy-service.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE assessments (id INTEGER PRIMARY KEY, score INTEGER)")
    return Run(space, "policy-service", "canary0")
