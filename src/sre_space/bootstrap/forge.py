"""The forge that FORGE_URL chooses, for agents, deployer and command line alike."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge
from sre_space.adapters.github_mcp.gitops import READING
from sre_space.adapters.github_permissions import GithubWriters
from sre_space.bootstrap.choice import Choice
from sre_space.ports.forge import Forge
from sre_space.ports.gitops import GitOps
from sre_space.ports.orders import Writers
from sre_space.ports.server_check import ServerCheck
from sre_space.settings import ForgeClientSettings


class Repository(GitOps, Protocol):
    """Branches and pull requests over a connection."""

    async def close(self) -> None:
        """Close the connection."""
        ...


class CheckedForge(Forge, ServerCheck, Protocol):
    """Issues on a server that can be asked what it is."""


@dataclass(frozen=True)
class ForgeAccess:
    """A repository on a forge, and the token to access it with; `api` is the address of REST, "" beside the `url`."""

    url: str
    token: str = field(repr=False)
    owner: str
    repo: str
    api: str = ""

    @classmethod
    def of(cls, settings: ForgeClientSettings) -> "ForgeAccess":
        """Return the access of the identity whose token a process is given."""
        token, api = settings.github_personal_access_token, settings.github_api_url
        return cls(settings.forge_url, token, settings.repo_owner, settings.repo_name, api)

    @property
    def repository(self) -> str:
        """Return the repository as `owner/name`."""
        return f"{self.owner}/{self.repo}"

    def forge(self) -> CheckedForge:
        """Return the issues; raise `Malformed` for an unknown forge, as the others do."""
        return self._adapter.forge(self)

    def gitops(self) -> Repository:
        """Return the branches and pull requests."""
        return self._adapter.gitops(self)

    def reading(self) -> Repository:
        """Return the same, to an identity that can only read."""
        return self._adapter.reading(self)

    def writers(self) -> Writers:
        """Return the accounts that may write."""
        return self._adapter.writers(self)

    @property
    def _adapter(self) -> "ForgeAdapter":
        return _CHOICE.of(self.url)[0]


@dataclass(frozen=True)
class ForgeAdapter:
    """The clients of a forge."""

    forge: Callable[[ForgeAccess], CheckedForge]
    gitops: Callable[[ForgeAccess], Repository]
    reading: Callable[[ForgeAccess], Repository]
    writers: Callable[[ForgeAccess], Writers]


_GITHUB = ForgeAdapter(
    lambda at: GithubMcpForge(at.url, at.token, at.owner, at.repo),
    lambda at: GithubGitOps(at.url, at.token, at.owner, at.repo, at.api),
    lambda at: GithubGitOps(at.url, at.token, at.owner, at.repo, at.api, needed=READING),
    lambda at: GithubWriters(at.url, at.token, at.owner, at.repo, at.api),
)
FORGES: dict[str, ForgeAdapter] = {
    "http": _GITHUB,
    "https": _GITHUB,
}
_CHOICE = Choice("FORGE_URL", FORGES)
