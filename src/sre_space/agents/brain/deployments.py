"""The deployments before an incident: announced on the topic `changes`, confirmed in Git. Used by the investigation."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.analysis.diagnosis.tables import Change
from sre_space.codec.changes import AnnouncedDeployment, deployment_of, diff_of, path_of
from sre_space.codec.topics import CHANGES
from sre_space.domain.errors import Malformed, Missing, Refused
from sre_space.domain.event_time import plausible
from sre_space.ports.bus import History, Record
from sre_space.ports.gitops import GitOps

RECENT_NS = 3600 * 10**9
MAX_DEPLOYMENTS = 8  # the newest of the window are examined
MAX_DIFFS = 64  # cached diffs: a commit never changes


@dataclass
class RecentDeployments:
    """Reads the deployments announced in the last hour and keeps those that Git confirms.

    `diffs` is a cache by commit.
    """

    history: History
    gitops: GitOps
    diffs: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    async def before(self, opened: int, now: int, besides: Sequence[str]) -> Sequence[Change]:
        """Return the deployments of the last hour before the incident, a change for each service that they restarted.

        Left out are the commits in `besides`, and deployments that began after the incident was `opened` (Unix ns),
        such as the agents' own remedies: they did not cause it. A deployment that restarted no service is one change
        with service "".
        """
        announced = _started_deployments(await self.history.window(CHANGES, now - RECENT_NS, now))
        recent = [
            (deployment, settled)
            for deployment, settled in announced
            if deployment.at < opened and deployment.commit not in besides
        ][-MAX_DEPLOYMENTS:]
        diffs = await asyncio.gather(*(self._diff(deployment) for deployment, _ in recent))
        return [
            _change(deployment, settled, service, diff)
            for (deployment, settled), diff in zip(recent, diffs, strict=True)
            for service in deployment.services or ("",)
            if diff
        ]

    async def settled_since(self, opened: int, until: int, now: int) -> int:
        """Return when the last deployment that Git confirms and that began in [`opened`, `until`] was done; 0: none.

        These are the deployments of the remedies of an incident. A service that such a deployment restarts does not
        answer until it is done, which says nothing of the fault. All times in Unix ns.
        """
        announced = _started_deployments(await self.history.window(CHANGES, opened, now))
        recent = [(one, settled) for one, settled in announced if one.at <= until][-MAX_DEPLOYMENTS:]
        diffs = await asyncio.gather(*(self._diff(deployment) for deployment, _ in recent))
        return max((settled for (_, settled), diff in zip(recent, diffs, strict=True) if diff), default=0)

    async def _diff(self, deployment: AnnouncedDeployment) -> str:
        """Return what the commit changed in the deployed files; "" when Git does not know it or it changed none."""
        if deployment.commit not in self.diffs:
            try:
                parents = (await self.gitops.commit(deployment.commit)).parents
                files = map(path_of, deployment.files)
                parts = await asyncio.gather(*(self._file(path, deployment.commit, parents) for path in files))
            except Refused:  # Git does not know the commit or file, or the name is not valid
                return ""
            self.diffs[deployment.commit] = "\n".join(part for part in parts if part)
            while len(self.diffs) > MAX_DIFFS:
                self.diffs.popitem(last=False)
        return self.diffs[deployment.commit]

    async def _file(self, path: str, sha: str, parents: Sequence[str]) -> str:
        after = await self._read(path, sha)
        before = await self._read(path, parents[0]) if parents else b""
        return diff_of(path, before, after)

    async def _read(self, path: str, ref: str) -> bytes:
        """Return the content of a file at a commit; b"" when the file does not exist there."""
        try:
            return await self.gitops.read_file(path, ref)
        except Missing:
            return b""


def _started_deployments(records: Sequence[Record]) -> list[tuple[AnnouncedDeployment, int]]:
    """Return the deployments that began, oldest first, each with the time when it was done (Unix ns; 0: not yet).

    One that was given up was over when the next began: a deployer does one after the other. Records that do not parse
    are skipped, and so are those whose own time differs too much from the bus's: a false time would move the windows
    that are compared.
    """
    began: dict[str, AnnouncedDeployment] = {}
    done: dict[str, int] = {}
    for record in records:
        try:
            deployment = deployment_of(record.value)
        except Malformed:
            continue
        if not plausible(deployment.at, record.at):
            continue
        if deployment.phase == "started":
            began.setdefault(deployment.commit, deployment)
        else:
            done.setdefault(deployment.commit, deployment.at)
    in_order = sorted(began.values(), key=lambda started: started.at)
    ends = [*(following.at for following in in_order[1:]), 0]
    return [(started, done.get(started.commit, end)) for started, end in zip(in_order, ends, strict=False)]


def _change(deployment: AnnouncedDeployment, settled: int, service: str, diff: str) -> Change:
    return Change(
        deployment.commit,
        deployment.at,
        service,
        "deployment",
        deployment.summary,
        diff,
        applied=deployment.at,
        settled=settled,
    )
