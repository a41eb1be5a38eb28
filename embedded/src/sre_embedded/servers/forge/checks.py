"""The check `validate-config`, run on each head of an open pull request, and whether a head may be merged.

It fails when a deployment would reject a file of desired state, when `sre-space.yaml` is changed, or when a branch of
the agents (`sre/...`) changes anything but desired state. The checks required for a merge are a setting of the
forge.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from sre_embedded.servers.forge.history import touched
from sre_embedded.servers.forge.pull_store import CheckRun, PullRow, PullStore
from sre_embedded.servers.forge.refs import Refs
from sre_embedded.servers.forge.repository import entries_of
from sre_embedded.servers.forge.store import utc_now
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed

VALIDATE = "validate-config"
CONFIGURATION = "sre-space.yaml"
AGENT_BRANCHES = "sre/"
SUCCESS, FAILURE = "success", "failure"

Validate = Callable[[Mapping[str, bytes]], object]  # files by path; raises `Malformed` with place and reason


@dataclass(frozen=True)
class Rules:
    """What a pull request must fulfil: the checks in `required`, and that its desired state is valid.

    Desired state are the files of `deploy/config/`, and the other paths in `desired`.
    """

    required: Sequence[str]
    validate: Validate
    desired: Collection[str] = ()


@dataclass(frozen=True)
class CheckRuns:
    """Runs the checks of one repository's pull requests."""

    store: PullStore
    refs: Refs
    rules: Rules

    def perform(self, pull: PullRow) -> None:
        """Run the check on the head of a pull request, once for each head."""
        if any(run.name == VALIDATE for run in self.store.checks(pull.number, pull.head_sha)):
            return
        started = utc_now()
        failure = self._failure(pull)
        conclusion, summary = (SUCCESS, "the configuration parses") if failure is None else (FAILURE, failure)
        self.store.add_check_run(
            CheckRun(0, pull.number, pull.head_sha, VALIDATE, conclusion, summary, started, utc_now())
        )

    def blocking(self, pull: PullRow) -> str | None:
        """Return why the head may not be merged yet, in GitHub's words; None when it may."""
        conclusions = {run.name: run.conclusion for run in self.store.checks(pull.number, pull.head_sha)}
        for name in self.rules.required:
            if conclusions.get(name) != SUCCESS:
                return f'Required status check "{name}" is {"failing" if name in conclusions else "expected"}.'
        return None

    def _failure(self, pull: PullRow) -> str | None:
        repository, head = self.refs.repository, self.refs.commit(pull.head_sha)
        fork = repository.merge_base(pull.base_sha, pull.head_sha)
        if fork is None:  # unrelated histories, a case that the library's types leave out
            return f"{pull.head} and {pull.base} have no common history"  # type: ignore[unreachable]
        paths = touched(repository, repository[fork].peel(pygit2.Commit), head)
        if CONFIGURATION in paths:
            return f"{CONFIGURATION} is changed; it cannot be changed by a pull request"
        outside = [path for path in paths if not path.startswith(f"{FOLDER}/") and path not in self.rules.desired]
        if outside and pull.head.startswith(AGENT_BRANCHES):
            return f"{outside[0]} lies outside {FOLDER}/; a branch of {AGENT_BRANCHES} may change nothing else"
        try:
            self.rules.validate(_configuration(head, self.rules.desired))
        except Malformed as error:
            return str(error)
        return None


def _configuration(commit: pygit2.Commit, desired: Collection[str]) -> Mapping[str, bytes]:
    """Return the files of desired state at a commit by path; raise `Malformed` for a link."""
    entries = {f"{FOLDER}/{entry.name}": entry for entry in entries_of(commit, FOLDER)}
    entries |= {path: commit.tree[path] for path in desired if path in commit.tree}
    links = [path for path, entry in entries.items() if entry.filemode == FileMode.LINK]
    if links:
        raise Malformed(f"{links[0]} is a link, not a file")
    return {path: entry.data for path, entry in entries.items() if isinstance(entry, pygit2.Blob)}
