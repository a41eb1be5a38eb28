"""The desired state in Git and its history: what is on main, and how one commit can be reverted. Used by Brain."""

from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.codec.desired_values import edits_between, present_value
from sre_space.domain.configuration import Edit
from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.gitops import GitOps
from sre_space.record.desired_files import desired_files


@dataclass(frozen=True)
class DesiredStateHistory:
    """Reads the desired state that the configuration names through the GitOps port; changes nothing."""

    gitops: GitOps
    config: SpaceConfig

    async def desired(self, ref: str = "main") -> Mapping[str, str]:
        """Return the files of the desired state at a Git ref by path."""
        files = await desired_files(self.gitops, self.config, ref)
        return {path: content.decode(errors="replace") for path, content in files.items()}

    async def reverse_of(self, sha: str, desired: Mapping[str, str]) -> tuple[tuple[Edit, ...], str]:
        """Return the edits that revert a commit and ""; or () and why it cannot be reverted alone."""
        if not sha:
            return (), ""
        try:
            commit = await self.gitops.commit(sha)
            outside = [path for path in commit.files if not self.config.is_desired_file(path)]
            if outside or not commit.parents:
                return (
                    (),
                    f"commit {sha[:12]} changes more than desired state: {', '.join(outside) or 'it is the first'}",
                )
            formats = self.config.formats
            edits = edits_between(await self.desired(sha), await self.desired(commit.parents[0]), formats)
            if foreign := [edit.place for edit in edits if not self.config.is_desired(edit.file, edit.key)]:
                return (), f"commit {sha[:12]} changes more than desired state: {', '.join(foreign)}"
            moved = [edit.key for edit in edits if present_value(desired, edit, formats) != edit.old]
        except (Missing, Malformed) as error:
            return (), f"commit {sha[:12]} cannot be read: {error}"
        if moved:
            return (), f"{', '.join(moved)} was changed again after commit {sha[:12]}"
        return edits, "" if edits else f"commit {sha[:12]} changes no key"
