"""The repository behind a forge's tools, and what the deployer writes down: fulfils `ports.Repository`.

So it needs neither git nor the right to deploy: the space's deployer follows main by itself.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sre_chaos.adapters.mcp import McpServer
from sre_chaos.errors import NoTarget
from sre_chaos.ports import Edited

FOLDER, MAIN = "deploy/config", "main"
HEAD = f"refs/heads/{MAIN}"
PUBLIC = ("github.com", "githubcopilot.com")
DEPLOYED_WITHIN_S = 180.0
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class ForgeTools:
    """The repository `OWNER/NAME` on a forge; `deployed` is the deployer's folder."""

    forge: McpServer
    repository: str
    deployed: Path

    def require_consent(self, named: str) -> None:
        """Raise `NoTarget` for a repository on github.com that `--repo` does not name."""
        host = urlsplit(self.forge.url).hostname or ""
        public = any(host == one or host.endswith(f".{one}") for one in PUBLIC)
        if public and named.lower() != self.repository.lower():
            raise NoTarget(
                f"this experiment commits to main of {self.repository} on GitHub; "
                f"if you mean that, pass --repo {self.repository}"
            )

    def change(self, file: str, edit: Edited, subject: str) -> tuple[str, str]:
        """Read, edit and push the file; return its text before and after."""
        before = self._read(f"{FOLDER}/{file}")
        after = edit(before)
        if after != before:
            files = [{"path": f"{FOLDER}/{file}", "content": after}]
            self._call("push_files", {"branch": MAIN, "files": files, "message": subject})
        return before, after

    def deploy(self) -> int:
        """Wait until the deployer has put main in force; return when that deployment began (Unix ns)."""
        deadline = time.monotonic() + DEPLOYED_WITHIN_S
        while time.monotonic() < deadline:
            # In this order: the deployer notes that it begins before it writes a file, and forgets it at its end.
            if self._in_force() and not (self.deployed / "underway.json").exists():
                return int(self._last().get("at", 0))
            time.sleep(LOOK_EVERY_S)
        raise NoTarget(f"the deployer has not deployed main within {DEPLOYED_WITHIN_S:g} s; is it up?")

    def _in_force(self) -> bool:
        """Return True when main was deployed, or when all of its files are."""
        head = json.loads(self._text("list_commits", {"sha": MAIN, "perPage": 1}))[0]["sha"]
        if head == self._last().get("commit"):
            return True
        listed = json.loads(self._text("get_file_contents", {"path": FOLDER, "ref": HEAD}))
        copies = {str(one["path"]): self.deployed / "config" / str(one["name"]) for one in listed}
        return all(copy.exists() and copy.read_text() == self._read(path) for path, copy in copies.items())

    def _last(self) -> dict[str, Any]:
        """Return the newest deployment that was written down; {} when there is none."""
        path = self.deployed / "deployments.jsonl"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []  # the last line may be half written
        found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
        return found

    def _read(self, path: str) -> str:
        content = self._call("get_file_contents", {"path": path, "ref": HEAD})
        text = next((str(one["resource"]["text"]) for one in content if "resource" in one), None)
        if text is None:
            raise NoTarget(f"{self.repository} has no file {path}")
        return text

    def _text(self, tool: str, arguments: dict[str, object]) -> str:
        return str(self._call(tool, arguments)[0]["text"])

    def _call(self, tool: str, arguments: dict[str, object]) -> list[Any]:
        owner, _, name = self.repository.partition("/")
        return list(self.forge.call(tool, {"owner": owner, "repo": name, **arguments}))
