"""Which deployments came before an incident: told by the topic `changes`, confirmed against Git. For the inquest."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.analysis.diagnosis.tables import Change
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed, Missing, Refused
from sre_space.domain.event_time import plausible
from sre_space.ports.bus import History, Record
from sre_space.ports.gitops import GitOps
from sre_space.wire.changes import Deployment, deployment_of, diff_of
from sre_space.wire.topics import CHANGES

RECENT_NS = 3600 * 10**9
MOST = 8  # deployments that are looked at, the newest
KEPT = 64  # diffs held: a commit never changes


@dataclass
class RecentDeployments:
    """Reads the hints of an hour, and believes what Git confirms."""

    history: History
    gitops: GitOps
    diffs: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    async def before(self, opened: int, now: int, besides: Sequence[str]) -> Sequence[Change]:
        """The deployments of the last hour as changes, one for each service that they restarted; not those `besides`.

        What began after the incident was `opened` (Unix ns), the doctor's own remedies among it, did not cause it. A
        deployment that restarted nobody is one change of nobody in particular.
        """
        told = _told(await self.history.window(CHANGES, now - RECENT_NS, now))
        recent = [(one, done) for one, done in told if one.at < opened and one.commit not in besides][-MOST:]
        diffs = await asyncio.gather(*(self._diff(one) for one, _ in recent))
        return [
            _change(one, done, service, diff)
            for (one, done), diff in zip(recent, diffs, strict=True)
            for service in one.services or ("",)
            if diff
        ]

    async def settled_since(self, opened: int, until: int, now: int) -> int:
        """Return when the last deployment that Git confirms and that began in [`opened`, `until`] was done; 0: none.

        These are the deployments of an incident's remedies. A service that one of them restarts does not answer until
        it is done, which says nothing of the fault. All times in Unix ns.
        """
        told = _told(await self.history.window(CHANGES, opened, now))
        recent = [(one, settled) for one, settled in told if one.at <= until][-MOST:]
        diffs = await asyncio.gather(*(self._diff(one) for one, _ in recent))
        return max((settled for (_, settled), diff in zip(recent, diffs, strict=True) if diff), default=0)

    async def _diff(self, told: Deployment) -> str:
        """What the commit changed in the deployed files; "" when Git does not know it or it changed none of them."""
        if told.commit not in self.diffs:
            try:
                parents = (await self.gitops.commit(told.commit)).parents
                files = [f"{FOLDER}/{name}" for name in told.files]
                parts = await asyncio.gather(*(self._file(path, told.commit, parents) for path in files))
            except Refused:  # nobody knows it, or what is asked for is nothing that could be known
                return ""
            self.diffs[told.commit] = "\n".join(part for part in parts if part)
            while len(self.diffs) > KEPT:
                self.diffs.popitem(last=False)
        return self.diffs[told.commit]

    async def _file(self, path: str, sha: str, parents: Sequence[str]) -> str:
        after = await self._read(path, sha)
        before = await self._read(path, parents[0]) if parents else b""
        return diff_of(path, before, after)

    async def _read(self, path: str, ref: str) -> bytes:
        """A file that is not there is empty."""
        try:
            return await self.gitops.read_file(path, ref)
        except Missing:
            return b""


def _told(records: Sequence[Record]) -> list[tuple[Deployment, int]]:
    """Deployments that began, oldest first, each with when it was done (0: not yet); what is no hint is nothing.

    Nor is what claims another time than that of its record: it would move the windows that are compared.
    """
    began: dict[str, Deployment] = {}
    done: dict[str, int] = {}
    for record in records:
        try:
            told = deployment_of(record.value)
        except Malformed:
            continue
        if not plausible(told.at, record.at):
            continue
        if told.phase == "started":
            began.setdefault(told.commit, told)
        else:
            done.setdefault(told.commit, told.at)
    return [(one, done.get(one.commit, 0)) for one in sorted(began.values(), key=lambda one: one.at)]


def _change(told: Deployment, settled: int, service: str, diff: str) -> Change:
    return Change(told.commit, told.at, service, "deployment", told.summary, diff, applied=told.at, settled=settled)
