"""What releases recorded (`tests/compat/RELEASE`), read for tests: issues, keys, desired state, bundles.

A recorded space is a folder with `chains/` (issues as the forge held them), `trust/` (public keys), and, where a real
one was recorded, `sre-space.yaml`, `desired-state.json`, `bundles/` and `state/`.
"""

import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from support.world import DESIRED, REPOSITORY, SECOND, MemoryForge, World

from sre_space.adapters.config_file import read_config
from sre_space.adapters.ed25519 import TrustedKey, TrustFolder
from sre_space.domain.case import Case
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.forge import Comment, Issue
from sre_space.ports.gitops import Commit, PullRequest
from sre_space.record.reading import read

COMPAT = Path(__file__).resolve().parents[1] / "compat"
RELEASES = sorted(one for one in COMPAT.iterdir() if (one / "names.txt").is_file())
SPACES = sorted(one.parent for one in COMPAT.glob("*/*/chains"))


@dataclass(frozen=True)
class Chain:
    """One issue of a recorded space, as the forge held it; `audit`: how many facts counted then, and what did not."""

    name: str
    space: Path
    issue: Issue
    comments: tuple[Comment, ...]
    audit: Mapping[str, int]

    @property
    def newest(self) -> int:
        """When its newest comment was written (Unix ns)."""
        return max([self.issue.created, *(one.created for one in self.comments)])

    def after(self, comments: int) -> "Chain":
        """Return the chain with its issue open, as it was once so many comments stood on it."""
        left = self.comments[:comments]
        issue = replace(self.issue, state="open", comments=len(left), labels=("sre:incident",))
        return replace(self, name=f"{self.name}-after-{comments}", issue=issue, comments=left)


def chains(space: Path) -> Mapping[str, Chain]:
    """All issues of a recorded space, by the name of their recording."""
    return {path.stem: _chain(space, path) for path in sorted((space / "chains").glob("*.json"))}


def _chain(space: Path, path: Path) -> Chain:
    told = json.loads(path.read_text())
    issue = Issue(**{**told["issue"], "labels": tuple(told["issue"]["labels"])})
    comments = tuple(Comment(**one) for one in told["comments"])
    counts = {"verified": 1 + len(comments), "void": 0, "orders": 0, "broken": 0}
    return Chain(path.stem, space, issue, comments, told.get("audit", counts))


def every_chain() -> Sequence[Chain]:
    """Those of all recorded spaces."""
    return [chain for space in SPACES for chain in chains(space).values()]


def case_of(chain: Chain) -> Case:
    """Return the verified case."""
    case = read(REPOSITORY, TrustFolder(chain.space / "trust"), chain.issue, chain.comments).case
    assert case is not None
    return case


def forge_with(recorded: Sequence[Chain]) -> MemoryForge:
    """Return a forge with these issues under their numbers; what else had a number there is nobody's incident."""
    held = {chain.issue.number: chain for chain in recorded}
    forge = MemoryForge()
    for number in range(1, max(held) + 1):
        forge.found.append(held[number].issue if number in held else _other(number))
        forge.written[number] = list(held[number].comments) if number in held else []
    return forge


def _other(number: int) -> Issue:
    return Issue(number, "Something else", "", "closed", "somebody", (), 0, 0, 0)


def world_with(recorded: Chain, folder: Path, at: int = 0, watched: bool = True) -> World:
    """Return the virtual world a moment after the recording's last comment, and after `at` (Unix ns).

    Its agents have new keys, the old ones are retired, and everything is well. `folder` takes the old trust store. A
    Scout that has not `watched` has nothing to compare with.
    """
    begun = max(recorded.newest, at) + 2 * SECOND
    commits = _commits(recorded.space, begun)
    desired = {path: content.decode() for path, content in commits[-1][1].items()} if commits else DESIRED
    world = World(begun=begun, configured=chart_of(recorded.space), desired=desired)
    forge = forge_with([recorded])
    if watched:
        world.has_watched()
    world.forge.found, world.forge.written = forge.found, forge.written
    world.trust.older = retired(recorded.space, folder, begun)
    for commit, tree in commits:
        world.git.commits_[commit.sha] = commit, tree
        world.git.heads["main"] = commit.sha
    world.git.requests = {one.number: one for one in _merged(recorded.space, set(world.git.commits_))}
    return world


def retired(space: Path, folder: Path, at: int) -> TrustFolder:
    """Copy the public keys of a recorded space to a new folder, retire them all at a Unix ns, and return the store."""
    shutil.copytree(space / "trust", folder / "trust")
    trust = TrustFolder(folder / "trust")
    for key in trust.listed():
        trust.trust(TrustedKey(key.key_id, key.owner, key.public, at))
    return trust


def chart_of(space: Path) -> SpaceConfig | None:
    """Return the configuration of a recorded space, with addresses of the virtual world; None where there is none."""
    path = space / "sre-space.yaml"
    if not path.is_file():
        return None
    config = read_config(path, {})
    services = {name: replace(one, health=f"http://{name}:80/health") for name, one in config.services.items()}
    return replace(config, services=services)


def _commits(space: Path, until: int) -> list[tuple[Commit, Mapping[str, bytes]]]:
    """Return the commits of main until a Unix ns, oldest first, each with the files of desired state."""
    told = [dict(one) for one in reversed(_desired_state(space).get("main", []))]
    trees = [{path: text.encode() for path, text in one.pop("desired").items()} for one in told]
    found = [Commit(**{**one, "parents": tuple(one["parents"]), "files": tuple(one["files"])}) for one in told]
    return [(commit, tree) for commit, tree in zip(found, trees, strict=True) if commit.at <= until]


def _merged(space: Path, commits: set[str]) -> list[PullRequest]:
    """Return the pull requests whose merge is one of these commits."""
    found = [PullRequest(**one) for one in reversed(_desired_state(space).get("pulls", []))]
    return [one for one in found if one.merge_sha in commits]


def _desired_state(space: Path) -> Mapping[str, Any]:
    path = space / "desired-state.json"
    told: Mapping[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return told


def archive(path: Path) -> Mapping[str, bytes]:
    """Return the files of a recorded archive, by path."""
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes()), mode="r:xz") as packed:
        members = [(one.name, packed.extractfile(one)) for one in packed.getmembers() if one.isfile()]
        return {name: file.read() for name, file in members if file is not None}
