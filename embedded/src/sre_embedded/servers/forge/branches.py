"""The tools on branches and commits."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import pygit2

from sre_embedded.servers.forge.answers import Arguments, Refusal, Site, page_of, require_write, select_fields
from sre_embedded.servers.forge.files import ref_json
from sre_embedded.servers.forge.history import commit_json, detail_json, iso, parents_json, walk
from sre_embedded.servers.forge.refs import DEFAULT, Moved, Refs
from sre_space.identities import Identity

PATCHES, NO_DETAIL = "full_patch", "none"


@dataclass(frozen=True)
class BranchTools:
    """The tools on branches and commits of one repository. `before_delete` is called with the branch."""

    refs: Refs
    site: Site
    before_delete: Callable[[str], None]

    def create_branch(self, arguments: Arguments, caller: Identity) -> object:
        """Create a branch at the head of another branch; `Refusal` 404 when that does not exist."""
        require_write(caller, "create branch")
        source = arguments.get("from_branch") or DEFAULT
        sha = self.refs.head(source)
        if sha is None:
            raise Refusal("get reference", 404, f"Branch {source} not found")
        return self.create_at(arguments["branch"], sha, caller)

    def create_at(self, branch: str, sha: str, caller: Identity) -> dict[str, object]:
        """Create a branch at a commit, and return its reference."""
        require_write(caller, "create branch")
        self.refs.create(branch, sha)
        return ref_json(branch, sha, self.site)

    def list_branches(self, arguments: Arguments, _: Identity) -> object:
        """Return a page of the branches, by name."""
        page = page_of(list(self.refs.all()), arguments)
        return [{"name": name, "sha": sha, "protected": name in self.refs.protected} for name, sha in page]

    def delete_branch(self, arguments: Arguments, caller: Identity) -> object:
        """Delete a branch as github-mcp-server's pull request 2790 proposes; `Refusal` for a protected branch."""
        branch = arguments["branch"]
        if branch in self.refs.protected:
            raise Refusal("delete branch", 422, f"branch {branch} is protected")
        self.delete(branch, caller)
        return f"branch '{branch}' deleted successfully"

    def delete(self, branch: str, caller: Identity) -> None:
        """Delete a branch, and close its pull requests."""
        require_write(caller, "delete branch")
        if branch == DEFAULT:
            raise Refusal("delete branch", 422, "Cannot delete the default branch")
        self.refs.require_push_access(branch, caller, "delete branch")
        if self.refs.head(branch) is None:
            raise Refusal("delete branch", 404, "Reference does not exist")
        self.before_delete(branch)
        try:
            self.refs.delete(branch)
        except Moved as error:
            raise Refusal("delete branch", 409, f"{error}; try again") from error

    def get_commit(self, arguments: Arguments, _: Identity) -> object:
        """Return one commit in the requested detail."""
        commit, detail = self.commit(arguments["sha"]), arguments.get("detail", "stats")
        shown = commit_json(commit, self.site.url)
        if detail == NO_DETAIL:
            return shown
        return shown | detail_json(self.refs.repository, commit, detail == PATCHES)

    def list_commits(self, arguments: Arguments, _: Identity) -> object:
        """Return a page of the commits, newest first."""
        fields = arguments.get("fields")
        return [select_fields(commit_json(commit, self.site.url), fields) for commit in self.commits(arguments)]

    def commits(self, arguments: Arguments) -> list[pygit2.Commit]:
        """Return a page of the commits that are reachable from a ref and match path, author and time."""
        tip = self.commit(arguments.get("sha") or DEFAULT)
        since, until = arguments.get("since") or "", arguments.get("until") or "9999"
        author = arguments.get("author")
        matching = (
            commit
            for commit in walk(tip, (arguments.get("path") or "").strip("/"))
            if since <= iso(commit.commit_time) <= until
            and author in (None, "", commit.author.name, commit.author.email)
        )
        size, page = int(arguments.get("perPage", 30)), int(arguments.get("page", 1))
        return list(islice(matching, (page - 1) * size, page * size))

    def commit(self, name: str) -> pygit2.Commit:
        """Return the commit of a branch, tag or id; `Refusal` 404 when there is none."""
        try:
            return self.refs.commit(name)
        except KeyError as error:
            raise Refusal("get commit", 404, f"No commit found for SHA: {name}") from error

    def rest_json(self, commit: pygit2.Commit) -> dict[str, object]:
        """Return a commit as REST shows it, with its parents."""
        return commit_json(commit, self.site.url) | {"parents": parents_json(commit, self.site.url)}
