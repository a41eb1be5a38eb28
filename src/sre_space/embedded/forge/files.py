"""The tools around the files of the repository: one commit each, on a branch whose head did not move meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from sre_space.domain.errors import Missing
from sre_space.embedded.forge.answers import Arguments, FileContent, Refusal, Site, ToolError, must_write, only
from sre_space.embedded.forge.history import commit_json
from sre_space.embedded.forge.identities import Identity
from sre_space.embedded.forge.merging import committed, edited, mode_of
from sre_space.embedded.forge.refs import DEFAULT, Moved, Refs
from sre_space.embedded.forge.repository import read_path


@dataclass(frozen=True)
class FileTools:
    """Files of one repository."""

    refs: Refs
    site: Site

    def get_file_contents(self, arguments: Arguments, _: Identity) -> object:
        """A file or a folder of the repository."""
        path, ref = arguments.get("path", "/"), arguments.get("sha") or arguments.get("ref") or DEFAULT
        try:
            sha, found = read_path(self.refs.repository, path, ref)
        except Missing as error:
            raise ToolError(str(error)) from error
        if isinstance(found, bytes):
            return FileContent(f"repo://{self.site.owner}/{self.site.repo}/contents/{path.strip('/')}", sha, found)
        return [only(entry, arguments.get("fields")) for entry in found]

    def create_or_update_file(self, arguments: Arguments, who: Identity) -> object:
        """Write one file; that it is there already must be known by its blob's id."""
        doing, path = "create/update file", arguments["path"].lstrip("/")
        if not arguments["content"]:
            raise ToolError("missing required parameter: content")
        tree = self._head(arguments["branch"], doing).tree
        present = self._blob(tree, path)
        if present is not None:
            self._may_replace(present, mode_of(tree, path), arguments)
        content = arguments["content"].encode()
        sha = self._commit(arguments, {path: content}, who, doing)
        blob = self._blob(self.refs.commit(sha).tree, path)
        assert blob is not None
        kept = {"name": path.rpartition("/")[2], "path": path, "sha": str(blob.id), "size": len(content)}
        url = f"{self.site.url}/blob/{arguments['branch']}/{path}"
        return {"content": kept | {"html_url": url}, "commit": self._commit_json(sha)}

    def push_files(self, arguments: Arguments, who: Identity) -> object:
        """Write some files in one commit; a branch that is missing is made from the default one."""
        doing, branch = "push files", arguments["branch"]
        files = {file["path"].lstrip("/"): file["content"].encode() for file in arguments["files"]}
        if not files:
            raise ToolError("missing required parameter: files")
        must_write(who, doing)
        if self.refs.head(branch) is None:
            self.refs.create(branch, str(self.refs.commit(DEFAULT).id))
        sha = self._commit(arguments, files, who, doing)
        return ref_json(branch, sha, self.site)

    def delete_file(self, arguments: Arguments, who: Identity) -> object:
        """Take one file away."""
        doing, path = "delete file", arguments["path"].lstrip("/")
        if self._blob(self._head(arguments["branch"], doing).tree, path) is None:
            raise Refusal(doing, 404, "Not Found")
        sha = self._commit(arguments, {path: None}, who, doing)
        return {"commit": self._commit_json(sha), "content": None}

    def _commit(self, arguments: Arguments, files: Mapping[str, bytes | None], who: Identity, doing: str) -> str:
        branch = arguments["branch"]
        must_write(who, doing)
        self.refs.must_accept(branch, who, doing)
        if not arguments["message"]:
            raise ToolError("missing required parameter: message")
        head = self._head(branch, doing)
        tree = edited(self.refs.repository, head.tree, files, doing)
        sha = committed(self.refs.repository, tree, arguments["message"], [str(head.id)], author=who, by=who)
        try:
            self.refs.move(branch, str(head.id), sha)
        except Moved as error:
            raise Refusal(doing, 422, "Update is not a fast forward") from error
        return sha

    def _head(self, branch: str, doing: str) -> pygit2.Commit:
        sha = self.refs.head(branch)
        if sha is None:
            raise Refusal(doing, 404, f"Branch {branch} not found")
        return self.refs.commit(sha)

    def _may_replace(self, present: pygit2.Blob, mode: FileMode, arguments: Arguments) -> None:
        given, path = arguments.get("sha"), arguments["path"]
        if not given:
            raise ToolError(f"File already exists at {path}. You must provide the current file's SHA when updating.")
        if given != str(present.id):
            raise Refusal("create/update file", 409, f"{path} does not match {given}")
        if mode == FileMode.LINK and not arguments.get("allow_symlink_write"):
            raise ToolError(f"{path} is a symbolic link; set allow_symlink_write to replace where it points")

    @staticmethod
    def _blob(tree: pygit2.Tree, path: str) -> pygit2.Blob | None:
        try:
            found = tree[path]
        except (KeyError, ValueError):
            return None
        return found if isinstance(found, pygit2.Blob) else None

    def _commit_json(self, sha: str) -> dict[str, object]:
        told = commit_json(self.refs.commit(sha), self.site.url)
        inner = told["commit"]
        assert isinstance(inner, dict)
        return {"sha": sha, "message": inner["message"], "html_url": told["html_url"], "author": inner["author"]}


def ref_json(branch: str, sha: str, site: Site) -> dict[str, object]:
    """A branch as GitHub's Git database shows it."""
    full = f"refs/heads/{branch}"
    api = f"{site.base_url}/repos/{site.owner}/{site.repo}/git"
    target = {"type": "commit", "sha": sha, "url": f"{api}/commits/{sha}"}
    return {"ref": full, "node_id": f"REF_{full}", "url": f"{api}/{full}", "object": target}
