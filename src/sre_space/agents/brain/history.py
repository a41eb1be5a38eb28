"""The desired state in Git and its history: what is on main, and how one commit can be reverted. Used by Brain."""

from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.domain.configuration import FOLDER, Edit, edits_between, value_of
from sre_space.domain.errors import Malformed, Missing
from sre_space.ports.gitops import GitOps


@dataclass(frozen=True)
class DesiredStateHistory:
    """Reads the desired state through the GitOps port; changes nothing."""

    gitops: GitOps

    async def desired(self, ref: str = "main") -> Mapping[str, str]:
        """Return the files of the desired state at a Git ref by path."""
        files = await self.gitops.read_files(FOLDER, ref)
        return {path: content.decode(errors="replace") for path, content in files.items()}

    async def reverse_of(self, sha: str, desired: Mapping[str, str]) -> tuple[tuple[Edit, ...], str]:
        """Return the edits that revert a commit and ""; or () and why it cannot be reverted alone."""
        if not sha:
            return (), ""
        try:
            commit = await self.gitops.commit(sha)
            outside = [path for path in commit.files if path.rpartition("/")[0] != FOLDER]
            if outside or not commit.parents:
                return (), f"commit {sha[:12]} changes more than {FOLDER}: {', '.join(outside) or 'it is the first'}"
            edits = edits_between(await self.desired(sha), await self.desired(commit.parents[0]))
            moved = [edit.key for edit in edits if value_of(desired.get(edit.file, ""), edit.key) != edit.old]
        except (Missing, Malformed) as error:
            return (), f"commit {sha[:12]} cannot be read: {error}"
        if moved:
            return (), f"{', '.join(moved)} was changed again after commit {sha[:12]}"
        return edits, "" if edits else f"commit {sha[:12]} changes no key"
