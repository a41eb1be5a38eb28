"""All tools of one repository by name; each is documented in the module that defines it."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import pygit2

from sre_embedded.servers.forge.answers import UNPROCESSABLE, Arguments, Refusal, Site, ToolError
from sre_embedded.servers.forge.branches import BranchTools
from sre_embedded.servers.forge.checks import CheckRuns, Rules
from sre_embedded.servers.forge.files import FileTools
from sre_embedded.servers.forge.issues import IssueTools
from sre_embedded.servers.forge.labels import LabelTools
from sre_embedded.servers.forge.merges import Merges
from sre_embedded.servers.forge.pull_store import PullStore
from sre_embedded.servers.forge.pull_tools import PullTools
from sre_embedded.servers.forge.pulls import Pulls
from sre_embedded.servers.forge.refs import Refs
from sre_embedded.servers.forge.store import Store
from sre_embedded.servers.forge.storing import FAILURES, Disk
from sre_embedded.storing import StorageStatus
from sre_space.identities import Identity

T = TypeVar("T")
UNSUPPORTED = (
    "assignees", "milestone", "type", "issue_fields", "duplicate_of", "field_filters", "reviewers",
    "maintainer_can_modify",
)  # fmt: skip


class Tools:
    """The tools of one repository; pull requests are merged by its rules."""

    def __init__(self, store: Store, repository: pygit2.Repository, site: Site, rules: Rules) -> None:
        pull_store = PullStore(store)
        self.store, self.site, self.refs = store, site, Refs(repository)
        self.checks = CheckRuns(pull_store, self.refs, rules)
        pulls = Pulls(pull_store, self.refs, self.checks)
        self.merges = Merges(pulls)
        self.branches = BranchTools(self.refs, site, pulls.close_pulls_of)
        self.labels, self.files = LabelTools(store), FileTools(self.refs, site)
        self.issues = IssueTools(store, site, self.labels, pulls.check_reopen)
        self.pulls = PullTools(pulls, self.merges, self.issues, site)
        self.calls = self._table()
        self.disk = Disk(store.db, StorageStatus(f"the forge records nothing in {repository.path}"))
        self.merges.reconcile()

    def call(self, name: str, arguments: Arguments, caller: Identity) -> object:
        """Run one tool; `ToolError` for what GitHub's API would refuse, and while the disk cannot be written."""
        named = (arguments.get("owner", self.site.owner), arguments.get("repo", self.site.repo))
        if named != (self.site.owner, self.site.repo):
            raise ToolError(f"{'/'.join(named)}: 404 Not Found []")
        unsupported = [key for key in UNSUPPORTED if arguments.get(key)]
        if unsupported:
            raise ToolError(f"{', '.join(unsupported)}: not kept by the embedded forge")
        return self.guarded(name.replace("_", " "), lambda: self.calls[name](arguments, caller))

    def guarded(self, action: str, call: Callable[[], T]) -> T:
        """Return the result of a call; first complete a merge that a full disk interrupted.

        `Refusal` for values that the database cannot store: half a character (a surrogate), or too large a number.
        """
        with suppress(*FAILURES):
            self.merges.reconcile()
        try:
            with self.disk.guard(action):
                return call()
        except (UnicodeEncodeError, OverflowError) as error:
            raise Refusal(action, UNPROCESSABLE, f"a value cannot be stored: {error}") from error

    def _table(self) -> dict[str, Callable[[Arguments, Identity], object]]:
        return {
            "issue_write": self.issues.issue_write,
            "issue_read": self.issues.issue_read,
            "add_issue_comment": self.issues.add_issue_comment,
            "list_issues": self.issues.list_issues,
            "search_issues": self.issues.search_issues,
            "get_label": self.labels.get_label,
            "list_label": self.labels.list_label,
            "label_write": self.labels.label_write,
            "get_file_contents": self.files.get_file_contents,
            "create_or_update_file": self.files.create_or_update_file,
            "push_files": self.files.push_files,
            "delete_file": self.files.delete_file,
            "create_branch": self.branches.create_branch,
            "list_branches": self.branches.list_branches,
            "delete_branch": self.branches.delete_branch,
            "get_commit": self.branches.get_commit,
            "list_commits": self.branches.list_commits,
            "create_pull_request": self.pulls.create_pull_request,
            "list_pull_requests": self.pulls.list_pull_requests,
            "pull_request_read": self.pulls.pull_request_read,
            "update_pull_request": self.pulls.update_pull_request,
            "merge_pull_request": self.pulls.merge_pull_request,
            "get_me": lambda _, caller: self.site.user_json(caller.login),
        }
