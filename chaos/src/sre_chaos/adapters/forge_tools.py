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
PUBLIC = ("github.com", "githubcopilot.com")
DEPLOYED_WITHIN_S = 180.0
LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class ForgeTools:
    """The repository `OWNER/NAME` on a forge; `journal` is the deployer's file of deployments."""

    forge: McpServer
    repository: str
    journal: Path

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
        path = f"{FOLDER}/{file}"
        read = self._call("get_file_contents", {"path": path, "ref": f"refs/heads/{MAIN}"})
        before = next((str(one["resource"]["text"]) for one in read if "resource" in one), None)
        if before is None:
            raise NoTarget(f"{self.repository} has no file {path}")
        after = edit(before)
        if after != before:
            files = [{"path": path, "content": after}]
            self._call("push_files", {"branch": MAIN, "files": files, "message": subject})
        return before, after

    def deploy(self) -> int:
        """Wait until the deployer has deployed main; return when that deployment began (Unix ns)."""
        deadline = time.monotonic() + DEPLOYED_WITHIN_S
        while time.monotonic() < deadline:
            last = self._last()
            if last is not None and last["commit"] == self._head():
                return int(last["at"])
            time.sleep(LOOK_EVERY_S)
        raise NoTarget(f"the deployer has not deployed main within {DEPLOYED_WITHIN_S:g} s; is it up?")

    def _head(self) -> str:
        listed = json.loads(self._call("list_commits", {"sha": MAIN, "perPage": 1})[0]["text"])
        return str(listed[0]["sha"])

    def _last(self) -> dict[str, Any] | None:
        """Return the newest deployment that was written down; None when there is none."""
        if not self.journal.exists():
            return None
        lines = self.journal.read_text().split("\n")[:-1]  # the last line may be half written
        found: dict[str, Any] | None = json.loads(lines[-1]) if lines else None
        return found

    def _call(self, tool: str, arguments: dict[str, object]) -> list[Any]:
        owner, _, name = self.repository.partition("/")
        return list(self.forge.call(tool, {"owner": owner, "repo": name, **arguments}))
