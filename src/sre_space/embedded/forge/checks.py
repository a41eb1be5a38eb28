"""The check `validate-config`, performed on each head of an open pull request, and whether a head may be merged.

It fails when a file of `deploy/config/` would be refused by a deployment, when the chart is changed, or when a branch
of the doctor (`sre/...`) touches anything outside that folder. What is required for merging is a setting of the forge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed
from sre_space.embedded.forge.history import touched
from sre_space.embedded.forge.pull_store import CheckRun, PullRow, PullStore
from sre_space.embedded.forge.refs import Refs
from sre_space.embedded.forge.repository import entries_of
from sre_space.embedded.forge.store import utc_now

VALIDATE = "validate-config"
CHART = "sre-space.yaml"
DOCTORS_BRANCHES = "sre/"
SUCCESS, FAILURE = "success", "failure"

Validate = Callable[[Mapping[str, bytes]], object]  # files by name; raises `Malformed` with place and reason


@dataclass(frozen=True)
class CheckRuns:
    """Checks of one repository's pull requests; those `required` must have succeeded before a merge."""

    store: PullStore
    refs: Refs
    required: Sequence[str]
    validate: Validate

    def perform(self, pull: PullRow) -> None:
        """Check its head, once for each head."""
        if any(run.name == VALIDATE for run in self.store.checks(pull.number, pull.head_sha)):
            return
        started = utc_now()
        fault = self._fault(pull)
        conclusion, summary = (SUCCESS, "the configuration parses") if fault is None else (FAILURE, fault)
        self.store.checked(CheckRun(0, pull.number, pull.head_sha, VALIDATE, conclusion, summary, started, utc_now()))

    def blocking(self, pull: PullRow) -> str | None:
        """Why its head may not be merged yet, in GitHub's words; None when it may."""
        found = {run.name: run.conclusion for run in self.store.checks(pull.number, pull.head_sha)}
        for name in self.required:
            if found.get(name) != SUCCESS:
                return f'Required status check "{name}" is {"failing" if name in found else "expected"}.'
        return None

    def _fault(self, pull: PullRow) -> str | None:
        repository, head = self.refs.repository, self.refs.commit(pull.head_sha)
        fork = repository.merge_base(pull.base_sha, pull.head_sha)
        if fork is None:  # of unrelated histories, which the library's types forget
            return f"{pull.head} and {pull.base} have nothing in common"  # type: ignore[unreachable]
        paths = touched(repository, repository[fork].peel(pygit2.Commit), head)
        if CHART in paths:
            return f"{CHART} is changed; the chart is not changed by a pull request"
        outside = [path for path in paths if not path.startswith(f"{FOLDER}/")]
        if outside and pull.head.startswith(DOCTORS_BRANCHES):
            return f"{outside[0]} lies outside {FOLDER}/; a branch of {DOCTORS_BRANCHES} changes nothing else"
        try:
            self.validate(_configuration(head))
        except Malformed as error:
            return str(error)
        return None


def _configuration(commit: pygit2.Commit) -> Mapping[str, bytes]:
    entries = entries_of(commit, FOLDER)
    links = [str(entry.name) for entry in entries if entry.filemode == FileMode.LINK]
    if links:
        raise Malformed(f"{FOLDER}/{links[0]} is a link, not a file")
    return {str(entry.name): entry.data for entry in entries if isinstance(entry, pygit2.Blob)}
