"""How far a change by pull request has come, read from the forge's repository on disk, so that a kill falls into it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pygit2
from support.forge_folder import repository
from support.live import LiveSpace

from sre_embedded.servers.forge.repository import entries_of
from sre_space.domain.configuration import FOLDER
from sre_space.text.proposal import PREFIX

HEADS, UNDO = "refs/heads/", "-undo"


class Stage(StrEnum):
    """The stages in their order. Each one shows for ever, so whoever looks often misses none."""

    BRANCH = "branch made"
    COMMIT = "commit made"
    PULL = "pull request opened"
    MERGED = "merged"
    DEPLOYING = "deployment under way"


@dataclass(frozen=True)
class Change:
    """The change whose branch is not among the `known` ones: a remedy, or an `undo`. `deployed` is what is in force."""

    repository: pygit2.Repository
    deployed: Path
    known: frozenset[str]
    undo: bool = False

    @classmethod
    def next_of(cls, live: LiveSpace, undo: bool) -> "Change":
        """Return the next change of a space: the one whose branch does not exist yet."""
        found = pygit2.Repository(str(repository(live.state, live.running)))
        return cls(found, live.state.deployed, frozenset(found.references), undo)

    def reached(self, stage: Stage) -> bool:
        """Return whether the change has come to this stage or further."""
        head = self._head()
        if head is None or stage is Stage.BRANCH:
            return head is not None
        main = self.repository.references[f"{HEADS}main"].peel(pygit2.Commit)
        committed = self.repository.merge_base(main.id, head.id) != head.id
        match stage:
            case Stage.COMMIT:
                return committed
            case Stage.PULL:
                return committed and self._opened(head)
            case Stage.MERGED:
                return committed and main.tree_id == head.tree_id
        return committed and main.tree_id == head.tree_id and self._written(main)

    def _head(self) -> pygit2.Commit | None:
        """Return the commit that the change's branch names; None while there is no branch."""
        ours = [
            name
            for name in self.repository.references
            if name.startswith(HEADS + PREFIX) and name not in self.known and name.endswith(UNDO) is self.undo
        ]
        return self.repository.references[ours[0]].peel(pygit2.Commit) if ours else None

    def _opened(self, head: pygit2.Commit) -> bool:
        """Return whether a pull request has this head: the forge names the head of each."""
        names = [name for name in self.repository.references if name.startswith("refs/pull/")]
        return any(self.repository.references[name].target == head.id for name in names)

    def _written(self, main: pygit2.Commit) -> bool:
        """Return whether the deployed files are main's; restarts may be still to come, or under way."""
        files = [entry for entry in entries_of(main, FOLDER) if isinstance(entry, pygit2.Blob)]
        return all((self.deployed / str(one.name)).read_bytes() == one.data for one in files)
