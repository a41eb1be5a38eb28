"""Restores desired state before the next round: a change that the agents left in force would help them in it.

It does so as a person would: by a commit on main through the repository's Git endpoint, and a deployment.
"""

import base64
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sre_embedded.space.environment import SpacePlan
from sre_space.bootstrap.space.servers import HOST
from sre_space.identities import read_identities

FOLDER = "deploy/config"


@dataclass(frozen=True)
class GitDesiredState:
    """The branch main of the space's own repository, accessed as the operator: fulfils `access.DesiredState`."""

    plan: SpacePlan

    def head(self) -> str:
        """Return the commit of main."""
        return self._git("ls-remote", self._url(), "refs/heads/main").split()[0]

    def reset(self, commit: str) -> None:
        """Restore the configuration of a commit, and deploy it."""
        with tempfile.TemporaryDirectory(prefix="desired-state-") as folder:
            self._git("clone", "--quiet", "--branch", "main", self._url(), folder)
            self._git("-C", folder, "rm", "--quiet", "-r", FOLDER)
            self._git("-C", folder, "checkout", commit, "--", FOLDER)
            if self._git("-C", folder, "status", "--porcelain"):
                self._git("-C", folder, "commit", "--quiet", "--message", "Configuration as it was")
                self._git("-C", folder, "push", "--quiet", "origin", "main")
        words = ["-P", "-m", "sre_space.cli.main", "deploy", "--state", str(self.plan.state.root)]
        subprocess.run([sys.executable, *words], check=True, capture_output=True)

    def _url(self) -> str:
        return f"http://{HOST}:{self.plan.ports.forge_port}/{self.plan.owner}/{self.plan.repo}.git"

    def _git(self, *words: str) -> str:
        """Run git as a program and return its output; the token is in its environment, not on its command line."""
        identities = read_identities(self.plan.state.identities)
        token = next(identity.token for identity in identities if identity.login == "operator")
        basic = base64.b64encode(f"operator:{token}".encode()).decode()
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(Path(tempfile.gettempdir())),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "NO_PROXY": HOST,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
            **{f"GIT_{who}_NAME": "Kim Park" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "kim.park@cloud-insurance.example" for who in ("AUTHOR", "COMMITTER")},
        }
        done = subprocess.run(["git", *words], env=environment, check=True, capture_output=True, text=True)
        return done.stdout
