"""What Git says of an announced deployment: whether there is one to do, and which services it is about.

Anybody can write to the topic `changes`. A deployment is due only for a commit of main that is newer than the last one
that was deployed, and it restarts only services whose files, or whose memory limit, differ from what ran before. Used
by `feeds/announcements.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.codec.changes import AnnouncedDeployment
from sre_space.codec.memory_limits import memory_limits
from sre_space.domain.configuration import FOLDER, SPACE_FILE
from sre_space.domain.errors import Missing
from sre_space.ports.gitops import Commit, GitOps

MAIN = "main"
NOT_MAINS = "an announced commit that is not a recent one of main"
DEPLOYED = "an announced commit that is deployed already"
UNTOUCHED = "an announced service that its commit does not touch"
YOUNG_NS = 15 * 60 * 10**9  # of a commit that main has moved on from, where no order of deployments is known
TOGETHER_NS = 24 * 3600 * 10**9  # what one deployment may cover: a commit that was refused waits for the next one
LISTED = 300  # files of a commit at most, at GitHub
MAX_FILES = 256  # files held: at a commit they never change


@dataclass(frozen=True)
class Confirmed:
    """A deployment that Git confirmed: its commit, the commit that ran before it, its window; is it `done`?"""

    commit: str
    base: str
    window: Inhibition
    done: bool = False

    def lasts(self, at: int) -> bool:
        """True while it may be told again, by a deployer that was killed in the middle of it."""
        return not self.done and at < self.window.until


@dataclass
class DeploymentVerifier:
    """Asks Git about the services of one chart."""

    gitops: GitOps
    services: frozenset[str]
    read: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def main(self, at: int) -> Sequence[Commit]:
        """The head of main, and its commits of the desired state of the day before a Unix ns, newest first."""
        head, recent = await asyncio.gather(
            self.gitops.commit(MAIN), self.gitops.commits(FOLDER, MAIN, at - TOGETHER_NS)
        )
        line = [head if one.sha == head.sha else one for one in recent]  # it alone comes with its files
        return line if head in line else [head, *line]

    async def touched(self, base: str, told: AnnouncedDeployment, main: Sequence[Commit]) -> frozenset[str]:
        """The announced services that a deployment of the commit over `base` restarts."""
        named = sorted(self.services.intersection(told.services))
        paths = [path for path in (SPACE_FILE, *map(_file, named)) if _may_differ(path, base, told, main)]
        found = await asyncio.gather(*(self._content(path, ref) for path in paths for ref in (base, told.commit)))
        pairs = dict(zip(paths, zip(found[::2], found[1::2], strict=True), strict=True))
        old, new = (memory_limits(text.decode(errors="replace")) for text in pairs.pop(SPACE_FILE, (b"", b"")))
        differ = {path for path, (before, after) in pairs.items() if before != after}
        return frozenset(name for name in named if _file(name) in differ or old.get(name) != new.get(name))

    async def _content(self, path: str, ref: str) -> bytes:
        """A file that is not there is empty."""
        if (path, ref) not in self.read:
            if len(self.read) >= MAX_FILES:
                self.read.clear()
            try:
                self.read[path, ref] = await self.gitops.read_file(path, ref)
            except Missing:
                self.read[path, ref] = b""
        return self.read[path, ref]


def _file(service: str) -> str:
    return f"{FOLDER}/{service}.env"


def _may_differ(path: str, base: str, told: AnnouncedDeployment, main: Sequence[Commit]) -> bool:
    """False when the commit comes right after `base` and is known not to touch the file: most are, so few are read."""
    alone = (one.files for one in main if one.sha == told.commit and one.parents[:1] == (base,))
    files = next(alone, ())
    return not 0 < len(files) < LISTED or path in files


def due(told: AnnouncedDeployment, main: Sequence[Commit], latest: Confirmed | None, at: int) -> tuple[str, str]:
    """The commit that runs before the deployment and "", or "" and why there is nothing to deploy at a Unix ns.

    `latest` is what was deployed last, None when that is not known: then the announcement is believed as to what it
    comes after, within a day.
    """
    places = {commit.sha: place for place, commit in enumerate(main)}
    place, ordered = places.get(told.commit), latest is not None and latest.commit in places
    if place is None or (place > 0 and not ordered and main[place].at < at - YOUNG_NS):
        return "", NOT_MAINS
    if latest is None:
        base = _before(told, main[place:])
        return base, "" if base else DEPLOYED
    if told.commit == latest.commit:
        return (latest.base, "") if latest.lasts(at) else ("", DEPLOYED)
    if place > places.get(latest.commit, len(main)):
        return "", DEPLOYED
    return latest.commit if latest.done else latest.base, ""


def _before(told: AnnouncedDeployment, line: Sequence[Commit]) -> str:
    """What the announced range begins after; "" for a repository's first commit, which no deployment brings."""
    oldest = line[0]
    for one in line[1:]:
        if one.sha == told.previous or not one.parents:
            break
        oldest = one
    return next(iter(oldest.parents), "")
