"""Verifies announced deployments in Git: whether there is one to be done, and which services it affects.

Anyone can write to the topic `changes`. A deployment is accepted only for a commit of main that is newer than the last
deployed one, and only for services whose files, or whose memory limit, differ from what ran before. Used by
`feeds/announcements.py`.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.codec.changes import AnnouncedDeployment
from sre_space.codec.desired_limits import desired_limits, memory_files
from sre_space.codec.service_variables import running_content
from sre_space.domain.errors import Missing
from sre_space.domain.space_config import Service
from sre_space.ports.gitops import Commit, GitOps

MAIN = "main"
NOT_ON_MAIN = "an announced commit that is not a recent one of main"
DEPLOYED = "an announced commit that is deployed already"
UNTOUCHED = "an announced service that its commit does not touch"
YOUNG_NS = 15 * 60 * 10**9  # max age of a commit that is no longer main's head, where the last deployment is not known
TOGETHER_NS = 24 * 3600 * 10**9  # what one deployment may cover: a refused commit is deployed with the next one
MAX_LISTED = 300  # files that GitHub lists of a commit
MAX_FILES = 256  # cached files: at a commit they never change


@dataclass(frozen=True)
class ConfirmedDeployment:
    """A deployment that Git confirmed.

    `base` is the commit that ran before it, `window` the inhibition while it lasts, `done` whether its end was
    announced.
    """

    commit: str
    base: str
    window: Inhibition
    done: bool = False

    def may_repeat(self, at: int) -> bool:
        """Return True while it may be announced again, by a deployer that was killed before it was done."""
        return not self.done and at < self.window.until


@dataclass
class DeploymentVerifier:
    """Asks Git about deployments of the configured services. `read` caches files by path and commit."""

    gitops: GitOps
    services: Mapping[str, Service]
    read: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def main(self, at: int) -> Sequence[Commit]:
        """Return main's head and its commits of the desired state in the day before `at` (Unix ns), newest first."""
        head, recent = await asyncio.gather(self.gitops.commit(MAIN), self._recent(at - TOGETHER_NS))
        # Only the head comes with its list of files.
        commits = [head if commit.sha == head.sha else commit for commit in recent]
        return commits if head in commits else [head, *commits]

    async def _recent(self, since: int) -> Sequence[Commit]:
        """Return main's commits of the desired state since a time (Unix ns), newest first.

        Where all of it lies in one folder these are the folder's, else all commits of main.
        """
        folders = {path.rpartition("/")[0] for path in self._files(self.services.values())}
        return await self.gitops.commits(folders.pop() if len(folders) == 1 else "", MAIN, since)

    def _files(self, services: Collection[Service]) -> Sequence[str]:
        """Return the files that hold what these services run with, each once."""
        return list(dict.fromkeys((*memory_files(services), *(service.file for service in services))))

    async def touched(self, base: str, announced: AnnouncedDeployment, main: Sequence[Commit]) -> frozenset[str]:
        """Return the announced services that a deployment of the commit over the commit `base` restarts."""
        named = [self.services[name] for name in sorted(self.services.keys() & set(announced.services))]
        paths = [path for path in self._files(named) if _may_differ(path, base, announced, main)]
        contents = await asyncio.gather(
            *(self._content(path, ref) for path in paths for ref in (base, announced.commit))
        )
        before, after = (dict(zip(paths, part, strict=True)) for part in (contents[::2], contents[1::2]))
        old, new = (
            desired_limits(named, {path: text.decode(errors="replace") for path, text in texts.items()})
            for texts in (before, after)
        )
        return frozenset(
            service.name
            for service in named
            if _part(service, before) != _part(service, after) or old.get(service.name) != new.get(service.name)
        )

    async def _content(self, path: str, ref: str) -> bytes:
        """Return a file at a commit, from the cache if possible; b"" when it does not exist there."""
        if (path, ref) not in self.read:
            if len(self.read) >= MAX_FILES:
                self.read.clear()
            try:
                self.read[path, ref] = await self.gitops.read_file(path, ref)
            except Missing:
                self.read[path, ref] = b""
        return self.read[path, ref]


def _part(service: Service, contents: Mapping[str, bytes]) -> bytes:
    """Return a service's own part of its file; b"" of a file that was not read, as it does not differ."""
    content = contents.get(service.file)
    return running_content(service.own, content) if content is not None else b""


def _may_differ(path: str, base: str, announced: AnnouncedDeployment, main: Sequence[Commit]) -> bool:
    """Return False when the commit directly follows `base` and Git lists its files without this path.

    That holds for most commits, so few files are read.
    """
    listed = (commit.files for commit in main if commit.sha == announced.commit and commit.parents[:1] == (base,))
    files = next(listed, ())
    return not 0 < len(files) < MAX_LISTED or path in files


def due(
    announced: AnnouncedDeployment, main: Sequence[Commit], latest: ConfirmedDeployment | None, at: int
) -> tuple[str, str]:
    """Return the commit that runs before the announced deployment and "", or "" and why there is nothing to deploy.

    `latest` is the last confirmed deployment. When it is None, the base that the announcement claims is accepted, if
    the commit is recent at `at` (Unix ns).
    """
    places = {commit.sha: place for place, commit in enumerate(main)}
    place, ordered = places.get(announced.commit), latest is not None and latest.commit in places
    if place is None or (place > 0 and not ordered and main[place].at < at - YOUNG_NS):
        return "", NOT_ON_MAIN
    if latest is None:
        base = _before(announced, main[place:])
        return base, "" if base else DEPLOYED
    if announced.commit == latest.commit:
        return (latest.base, "") if latest.may_repeat(at) else ("", DEPLOYED)
    if place > places.get(latest.commit, len(main)):
        return "", DEPLOYED
    return latest.commit if latest.done else latest.base, ""


def _before(announced: AnnouncedDeployment, commits: Sequence[Commit]) -> str:
    """Return the commit before the announced range; "" for a repository's first commit, which no deployment brings."""
    oldest = commits[0]
    for commit in commits[1:]:
        if commit.sha == announced.previous or not commit.parents:
            break
        oldest = commit
    return next(iter(oldest.parents), "")
