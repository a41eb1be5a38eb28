"""The tools on pull requests, in the official server's JSON shapes."""

from collections.abc import Callable
from dataclasses import dataclass

import pygit2

from sre_embedded.servers.forge.answers import (
    Arguments,
    Site,
    ToolError,
    omit_none,
    page_of,
    require_write,
    select_fields,
)
from sre_embedded.servers.forge.history import changes, commit_json, files_json
from sre_embedded.servers.forge.issues import IssueTools, within_limit
from sre_embedded.servers.forge.merges import MergeOptions, Merges
from sre_embedded.servers.forge.pull_store import CheckRun, NewPull, PullRow
from sre_embedded.servers.forge.pulls import Pulls
from sre_space.identities import Identity


@dataclass(frozen=True)
class PullTools:
    """The tools on pull requests of one repository."""

    pulls: Pulls
    merges: Merges
    issues: IssueTools
    site: Site

    def create_pull_request(self, arguments: Arguments, caller: Identity) -> object:
        """Open a pull request from one branch of this repository onto another."""
        require_write(caller, "create pull request")
        title, body = arguments["title"], arguments.get("body", "")
        if not title:
            raise ToolError("missing required parameter: title")
        within_limit(body, title)
        head, draft = arguments["head"].removeprefix(f"{self.site.owner}:"), bool(arguments.get("draft"))
        number = self.pulls.create(NewPull(title, body, head, arguments["base"], draft), caller)
        return self.site.write_answer(f"pull/{number}", number)

    def list_pull_requests(self, arguments: Arguments, _: Identity) -> object:
        """Return pull requests as REST lists them: `merged` is always False, line counts are left out."""
        page = [self.as_json(pull) | {"merged": False} for pull in page_of(self.select(arguments), arguments)]
        return [select_fields(pull, arguments.get("fields")) for pull in page]

    def select(self, arguments: Arguments) -> list[PullRow]:
        """Return the pull requests that match the arguments, in the requested order."""
        state, head = arguments.get("state", "open"), arguments.get("head", "").removeprefix(f"{self.site.owner}:")
        matching = [
            pull
            for pull in self.pulls.all()
            if state in ("all", pull.issue.state)
            and head in ("", pull.head)
            and arguments.get("base", pull.base) == pull.base
        ]
        keys: dict[str, Callable[[PullRow], object]] = {
            "created": lambda pull: pull.number,
            "updated": lambda pull: (pull.issue.updated, pull.number),
            "popularity": lambda pull: (pull.issue.comments, pull.number),
            "long-running": lambda pull: pull.number,
        }
        by = arguments.get("sort", "created")
        descending = arguments.get("direction", "desc" if by == "created" else "asc") == "desc"
        return sorted(matching, key=keys[by], reverse=descending)  # type: ignore[arg-type]  # each key has one type

    def pull_request_read(self, arguments: Arguments, _: Identity) -> object:
        """Return one aspect of one pull request."""
        pull = self.pulls.get(int(arguments["pullNumber"]))
        match arguments["method"]:
            case "get":
                return self._whole_json(pull)
            case "get_diff":
                return self._diff(pull).patch or ""
            case "get_files":
                return page_of(files_json(self._diff(pull)), arguments)
            case "get_commits":
                return [_listed_json(commit, self.site.url) for commit in page_of(self._commits(pull), arguments)]
            case "get_status":  # check runs are not commit statuses; GitHub says pending without statuses
                return {"state": "pending", "sha": pull.head_sha, "total_count": 0, "statuses": []}
            case "get_check_runs":
                runs = self.pulls.store.checks(pull.number, pull.head_sha)
                return {
                    "total_count": len(runs),
                    "check_runs": [self.run_json(run) for run in page_of(runs, arguments)],
                }
            case "get_comments":
                return self.issues.comments(pull.number, arguments)
            case method:
                raise ToolError(f"{method}: reviews are not kept by the embedded forge")

    def update_pull_request(self, arguments: Arguments, caller: Identity) -> object:
        """Update title, body, draft, base or state."""
        pull = self.pulls.get(int(arguments["pullNumber"]))
        if pull.issue.author != caller.login:
            require_write(caller, "update pull request")
        within_limit(arguments.get("body", ""), arguments.get("title", ""))
        if "base" in arguments:
            self.pulls.retarget(pull.number, arguments["base"])
        if "state" in arguments:
            self.pulls.set_state(pull.number, arguments["state"])
        if "draft" in arguments:
            self.pulls.store.set_draft(pull.number, arguments["draft"])
        self.pulls.store.issues.update_issue(pull.number, arguments.get("title"), arguments.get("body") or None, None)
        return self.site.write_answer(f"pull/{pull.number}", pull.number)

    def merge_pull_request(self, arguments: Arguments, caller: Identity) -> object:
        """Merge without an expected head: the tool has no argument for it, REST has."""
        texts = (arguments.get("commit_title", ""), arguments.get("commit_message", ""))
        return self.merge(
            int(arguments["pullNumber"]), MergeOptions(arguments.get("merge_method", "merge"), *texts), caller
        )

    def merge(self, number: int, options: MergeOptions, caller: Identity) -> dict[str, object]:
        """Merge a pull request, and return GitHub's answer."""
        author = self.site.identity_of(self.pulls.get(number).issue.author)
        sha = self.merges.merge(number, options, author, caller)
        return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}

    def as_json(self, pull: PullRow) -> dict[str, object]:
        """Return a pull request as listed."""
        issue, repo = pull.issue, {"full_name": f"{self.site.owner}/{self.site.repo}"}
        return omit_none({
            "number": issue.number, "title": issue.title, "body": issue.body or None, "state": issue.state,
            "draft": pull.draft, "merged": pull.merged_at is not None,
            "html_url": f"{self.site.url}/pull/{issue.number}", "user": self.site.user_json(issue.author),
            "labels": list(issue.labels) or None, "merged_by": pull.merged_by or None,
            "head": {"ref": pull.head, "sha": pull.head_sha, "repo": repo},
            "base": {"ref": pull.base, "sha": pull.base_sha, "repo": repo},
            "created_at": issue.created, "updated_at": issue.updated, "closed_at": issue.closed,
            "merged_at": pull.merged_at,
        })  # fmt: skip

    def run_json(self, run: CheckRun) -> dict[str, object]:
        """Return a check run as the official server shows it."""
        return {
            "id": run.id, "name": run.name, "status": "completed", "conclusion": run.conclusion,
            "html_url": f"{self.site.url}/runs/{run.id}", "started_at": run.started, "completed_at": run.completed,
        }  # fmt: skip

    def _whole_json(self, pull: PullRow) -> dict[str, object]:
        stats = self._diff(pull).stats
        return self.as_json(pull) | {
            "mergeable_state": self._mergeable(pull), "additions": stats.insertions, "deletions": stats.deletions,
            "changed_files": stats.files_changed, "commits": len(self._commits(pull)),
            "comments": pull.issue.comments,
        }  # fmt: skip

    def _mergeable(self, pull: PullRow) -> str:
        if not pull.open:
            return "unknown"
        if pull.draft:
            return "draft"
        if self.merges.conflicts(pull):
            return "dirty"
        return "blocked" if self.pulls.checks.blocking(pull) else "clean"

    def _diff(self, pull: PullRow) -> pygit2.Diff:
        """Return the difference since the branch was forked from its base, as GitHub shows it."""
        refs = self.pulls.refs
        return changes(refs.repository, self.pulls.fork(pull), refs.commit(pull.head_sha))

    def _commits(self, pull: PullRow) -> list[pygit2.Commit]:
        """Return the commits that the base does not have, oldest first."""
        walker = self.pulls.refs.repository.walk(pull.head_sha)
        walker.hide(pull.base_sha)
        return list(walker)[::-1]


def _listed_json(commit: pygit2.Commit, url: str) -> dict[str, object]:
    shown = commit_json(commit, url)
    inner = shown["commit"]
    assert isinstance(inner, dict)
    return {"sha": shown["sha"], "html_url": shown["html_url"], "message": inner["message"], "author": inner["author"]}
