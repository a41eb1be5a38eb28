"""The check `validate-config`, run on each head of an open pull request, and whether a head may be merged.

It fails when a deployment would reject a file of `deploy/config/`, when `sre-space.yaml` is changed, or when a branch
of the agents (`sre/...`) changes anything outside that folder. The checks required for a merge are a setting of the
forge.
"""

from collections.abc import Callable, Mapping, Sequence
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

Validate = Callable[[Mapping[str, bytes]], object]  # files by name; raises `Malformed` with place and reason


@dataclass(frozen=True)
class CheckRuns:
    """Runs the checks of one repository's pull requests; those in `required` must succeed before a merge."""

    store: PullStore
    refs: Refs
    required: Sequence[str]
    validate: Validate

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
        for name in self.required:
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
        outside = [path for path in paths if not path.startswith(f"{FOLDER}/")]
        if outside and pull.head.startswith(AGENT_BRANCHES):
            return f"{outside[0]} lies outside {FOLDER}/; a branch of {AGENT_BRANCHES} may change nothing else"
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
