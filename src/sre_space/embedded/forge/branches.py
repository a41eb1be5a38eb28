"""The tools around branches and commits."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import pygit2

from sre_space.embedded.forge.answers import Arguments, Refusal, Site, must_write, only, paged
from sre_space.embedded.forge.files import ref_json
from sre_space.embedded.forge.history import commit_json, detail_json, iso, parents_json, walk
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.refs import DEFAULT, Moved, Refs

PATCHES, NO_DETAIL = "full_patch", "none"


@dataclass(frozen=True)
class BranchTools:
    """Branches and commits of one repository. `left` hears of a branch that is about to go."""

    refs: Refs
    site: Site
    left: Callable[[str], None]

    def create_branch(self, arguments: Arguments, who: Identity) -> object:
        """From the head of another branch."""
        must_write(who, "create branch")
        source = arguments.get("from_branch") or DEFAULT
        sha = self.refs.head(source)
        if sha is None:
            raise Refusal("get reference", 404, f"Branch {source} not found")
        return self.created(arguments["branch"], sha, who)

    def created(self, branch: str, sha: str, who: Identity) -> dict[str, object]:
        """At a commit."""
        must_write(who, "create branch")
        self.refs.create(branch, sha)
        return ref_json(branch, sha, self.site)

    def list_branches(self, arguments: Arguments, _: Identity) -> object:
        """All, by name."""
        page = paged(list(self.refs.all()), arguments)
        return [{"name": name, "sha": sha, "protected": name in self.refs.protected} for name, sha in page]

    def delete_branch(self, arguments: Arguments, who: Identity) -> object:
        """As upstream proposes it (github-mcp-server, pull request 2790): never a protected one."""
        branch = arguments["branch"]
        if branch in self.refs.protected:
            raise Refusal("delete branch", 422, f"branch {branch} is protected")
        self.deleted(branch, who)
        return f"branch '{branch}' deleted successfully"

    def deleted(self, branch: str, who: Identity) -> None:
        """Pull requests of that branch are closed."""
        must_write(who, "delete branch")
        if branch == DEFAULT:
            raise Refusal("delete branch", 422, "Cannot delete the default branch")
        self.refs.must_accept(branch, who, "delete branch")
        if self.refs.head(branch) is None:
            raise Refusal("delete branch", 404, "Reference does not exist")
        self.left(branch)
        try:
            self.refs.delete(branch)
        except Moved as error:
            raise Refusal("delete branch", 409, f"{error}; try again") from error

    def get_commit(self, arguments: Arguments, _: Identity) -> object:
        """One commit, with as much detail as asked for."""
        commit, detail = self.commit(arguments["sha"]), arguments.get("detail", "stats")
        told = commit_json(commit, self.site.url)
        if detail == NO_DETAIL:
            return told
        return told | detail_json(self.refs.repository, commit, detail == PATCHES)

    def list_commits(self, arguments: Arguments, _: Identity) -> object:
        """Newest first."""
        fields = arguments.get("fields")
        return [only(commit_json(one, self.site.url), fields) for one in self.commits(arguments)]

    def commits(self, arguments: Arguments) -> list[pygit2.Commit]:
        """A page of the commits that are reachable, touch a path, and are of some author and time."""
        tip = self.commit(arguments.get("sha") or DEFAULT)
        since, until = arguments.get("since") or "", arguments.get("until") or "9999"
        author = arguments.get("author")
        found = (
            one
            for one in walk(tip, (arguments.get("path") or "").strip("/"))
            if since <= iso(one.commit_time) <= until and author in (None, "", one.author.name, one.author.email)
        )
        size, page = int(arguments.get("perPage", 30)), int(arguments.get("page", 1))
        return list(islice(found, (page - 1) * size, page * size))

    def commit(self, name: str) -> pygit2.Commit:
        """What a branch, a tag or an id names."""
        try:
            return self.refs.commit(name)
        except KeyError as error:
            raise Refusal("get commit", 404, f"No commit found for SHA: {name}") from error

    def rest_json(self, commit: pygit2.Commit) -> dict[str, object]:
        """What REST tells of a commit: also its parents."""
        return commit_json(commit, self.site.url) | {"parents": parents_json(commit, self.site.url)}
