"""The repository's Git endpoint, by git as a program, and the space's own command: fulfils `ports.Repository`."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.errors import NoTarget
from sre_chaos.ports import Edited

AUTHOR = ("Robin Weber", "robin.weber@cloud-insurance.example")
FOLDER = Path("deploy") / "config"
DEPLOYED = (0, 1)  # 1 with an answer: done, and a service does not serve afterwards


@dataclass(frozen=True)
class GitProgram:
    """The repository at `url` on the forge of the embedded space in `state`; `python` runs the space's command."""

    url: str
    state: Path
    python: str

    def require_consent(self, named: str) -> None:
        """Return: the repository is the space's own, and ends with it."""

    def change(self, file: str, edit: Edited, subject: str) -> tuple[str, str]:
        """Clone, edit, commit and push; return the file's text before and after."""
        with self._checkout() as folder:
            path = folder / FOLDER / file
            before = path.read_text()
            after = edit(before)
            if after != before:
                path.write_text(after)
                self._git(folder, "commit", "--quiet", "--all", "--message", subject)
                self._git(folder, "push", "--quiet", "origin", "main")
        return before, after

    def deploy(self) -> int:
        """Run `sre-space deploy`; return when the deployment began to take effect (Unix ns)."""
        words = ["-P", "-m", "sre_space.cli.main", "deploy", "--json", "--state", str(self.state)]
        done = subprocess.run([self.python, *words], capture_output=True, text=True, check=False)
        if done.returncode not in DEPLOYED or not done.stdout.strip():
            raise NoTarget(f"the deployment failed: {done.stderr.strip()}")
        return int(json.loads(done.stdout)["at"])

    @contextmanager
    def _checkout(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(prefix="desired-state-"))
        try:
            self._git(folder, "clone", "--quiet", "--branch", "main", self.url, ".")
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _git(self, folder: Path, *words: str) -> None:
        """Run git; the token is in its environment, not on its command line."""
        basic = base64.b64encode(f"operator:{self._token()}".encode()).decode()
        name, mail = AUTHOR
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "NO_PROXY": "127.0.0.1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": mail for who in ("AUTHOR", "COMMITTER")},
            "SRE_CHAOS_CANARY": os.environ.get("SRE_CHAOS_CANARY", ""),
        }
        try:
            subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise NoTarget("git is not installed; this experiment changes the configuration by a commit") from error
        except subprocess.CalledProcessError as error:
            raise NoTarget(f"git {words[0]} failed: {error.stderr.strip()}") from error

    def _token(self) -> str:
        path = self.state / "forge" / "identities.json"
        try:
            identities = json.loads(path.read_text())
            return next(str(identity["token"]) for identity in identities if identity["login"] == "operator")
        except (OSError, ValueError, KeyError, StopIteration) as error:
            raise NoTarget(f"{path} has no token of the operator; is the space's forge up?") from error
