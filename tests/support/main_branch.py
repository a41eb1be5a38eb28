"""Main of a live space's repository: what a person commits to it, and what the agents merged into it since."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pygit2
from support.application import Application
from support.forge_folder import main_at, repository
from support.live import LiveSpace

from sre_embedded.servers.forge.repository import files_at
from sre_space.adapters.github_mcp import GithubGitOps
from sre_space.bootstrap.space.servers import HOST
from sre_space.domain.case import Case
from sre_space.domain.configuration import FOLDER, value_of
from sre_space.identities import read_identities
from sre_space.ports.gitops import PullRequest
from sre_space.text.proposal import branches_of


@dataclass(frozen=True)
class MainBranch:
    """`before`: its head before the fault."""

    live: LiveSpace
    before: str

    @classmethod
    def of(cls, live: LiveSpace) -> "MainBranch":
        """As it is now."""
        return cls(live, main_at(repository(live.state, live.running)))

    def value(self, file: str, key: str) -> str | None:
        """Return the value of a key in a file of desired state, as it is on main."""
        return value_of(self._files()[file].decode(), key)

    def commit(self, file: str, key: str, value: str, subject: str) -> None:
        """Set a key that is already in the file, and push the commit, as a person."""
        line = f"{key}={self.value(file, key)}\n"
        text = self._files()[file].decode().replace(line, f"{key}={value}\n")
        with tempfile.TemporaryDirectory() as home:
            Application(self.live, Path(home)).push(file, text, subject, Path(home) / "clone")

    def since(self, case: Case) -> list[pygit2.Commit]:
        """Return the commits since `before`, oldest first: a person's, then one of each pull request of the incident.

        Assert that all were merged, and that what main says is in force.
        """
        found = pygit2.Repository(str(repository(self.live.state, self.live.running)))
        commits: list[pygit2.Commit] = []
        commit = found.references["refs/heads/main"].peel(pygit2.Commit)
        while str(commit.id) != self.before:
            commits.insert(0, commit)
            (commit,) = commit.parents

        assert [pull.merge_sha for pull in self._pulls(case)] == [str(one.id) for one in commits[1:]]
        assert {path.name: path.read_bytes() for path in self.live.state.deployed.glob("*.env")} == self._files()
        return commits

    def _files(self) -> dict[str, bytes]:
        return files_at(repository(self.live.state, self.live.running), FOLDER)[2]

    def _pulls(self, case: Case) -> list[PullRequest]:
        """Return the pull requests of an incident, in whatever state, oldest first."""
        token = next(one.token for one in read_identities(self.live.state.identities) if one.login == "operator")
        owner, _, repo = self.live.running.repository.partition("/")
        url = f"http://{HOST}:{self.live.running.ports['forge_port']}/mcp"

        async def listed() -> list[PullRequest]:
            gitops = GithubGitOps(url, token, owner, repo)
            try:
                return [one for one in reversed(await gitops.pulls("all")) if one.head.startswith(branches_of(case))]
            finally:
                await gitops.close()

        return self.live.patiently(lambda: asyncio.run(listed()))
