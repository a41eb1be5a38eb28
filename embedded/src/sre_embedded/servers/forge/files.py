"""The tools on files of the repository: each write is a commit on a branch whose head did not move meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from sre_embedded.servers.forge.answers import (
    Arguments,
    FileContent,
    Refusal,
    Site,
    ToolError,
    require_write,
    select_fields,
)
from sre_embedded.servers.forge.history import commit_json
from sre_embedded.servers.forge.merging import create_commit, edit_tree, mode_of
from sre_embedded.servers.forge.refs import DEFAULT, Moved, Refs
from sre_embedded.servers.forge.repository import read_path
from sre_space.domain.errors import Missing
from sre_space.identities import Identity


@dataclass(frozen=True)
class FileTools:
    """The tools on files of one repository."""

    refs: Refs
    site: Site

    def get_file_contents(self, arguments: Arguments, _: Identity) -> object:
        """Return a file or the entries of a folder; `ToolError` when the path or the ref does not exist."""
        path, ref = arguments.get("path", "/"), arguments.get("sha") or arguments.get("ref") or DEFAULT
        try:
            sha, content = read_path(self.refs.repository, path, ref)
        except Missing as error:
            raise ToolError(str(error)) from error
        if isinstance(content, bytes):
            return FileContent(f"repo://{self.site.owner}/{self.site.repo}/contents/{path.strip('/')}", sha, content)
        return [select_fields(entry, arguments.get("fields")) for entry in content]

    def create_or_update_file(self, arguments: Arguments, caller: Identity) -> object:
        """Write one file in a commit; to replace an existing file, the caller must name its blob's id."""
        action, path = "create/update file", arguments["path"].lstrip("/")
        if not arguments["content"]:
            raise ToolError("missing required parameter: content")
        tree = self._head(arguments["branch"], action).tree
        present = self._blob(tree, path)
        if present is not None:
            self._require_replaceable(present, mode_of(tree, path), arguments)
        content = arguments["content"].encode()
        sha = self._commit(arguments, {path: content}, caller, action)
        blob = self._blob(self.refs.commit(sha).tree, path)
        assert blob is not None
        shown = {"name": path.rpartition("/")[2], "path": path, "sha": str(blob.id), "size": len(content)}
        url = f"{self.site.url}/blob/{arguments['branch']}/{path}"
        return {"content": shown | {"html_url": url}, "commit": self._commit_json(sha)}

    def push_files(self, arguments: Arguments, caller: Identity) -> object:
        """Write several files in one commit; a missing branch is created from the default branch."""
        action, branch = "push files", arguments["branch"]
        files = {file["path"].lstrip("/"): file["content"].encode() for file in arguments["files"]}
        if not files:
            raise ToolError("missing required parameter: files")
        require_write(caller, action)
        if self.refs.head(branch) is None:
            self.refs.create(branch, str(self.refs.commit(DEFAULT).id))
        sha = self._commit(arguments, files, caller, action)
        return ref_json(branch, sha, self.site)

    def delete_file(self, arguments: Arguments, caller: Identity) -> object:
        """Delete one file in a commit; `Refusal` 404 when it does not exist."""
        action, path = "delete file", arguments["path"].lstrip("/")
        if self._blob(self._head(arguments["branch"], action).tree, path) is None:
            raise Refusal(action, 404, "Not Found")
        sha = self._commit(arguments, {path: None}, caller, action)
        return {"commit": self._commit_json(sha), "content": None}

    def _commit(self, arguments: Arguments, files: Mapping[str, bytes | None], caller: Identity, action: str) -> str:
        branch = arguments["branch"]
        require_write(caller, action)
        self.refs.require_push_access(branch, caller, action)
        if not arguments["message"]:
            raise ToolError("missing required parameter: message")
        head = self._head(branch, action)
        tree = edit_tree(self.refs.repository, head.tree, files, action)
        sha = create_commit(self.refs.repository, tree, arguments["message"], [str(head.id)], author=caller, by=caller)
        try:
            self.refs.move(branch, str(head.id), sha)
        except Moved as error:
            raise Refusal(action, 422, "Update is not a fast forward") from error
        return sha

    def _head(self, branch: str, action: str) -> pygit2.Commit:
        sha = self.refs.head(branch)
        if sha is None:
            raise Refusal(action, 404, f"Branch {branch} not found")
        return self.refs.commit(sha)

    def _require_replaceable(self, present: pygit2.Blob, mode: FileMode, arguments: Arguments) -> None:
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
            entry = tree[path]
        except (KeyError, ValueError):
            return None
        return entry if isinstance(entry, pygit2.Blob) else None

    def _commit_json(self, sha: str) -> dict[str, object]:
        shown = commit_json(self.refs.commit(sha), self.site.url)
        inner = shown["commit"]
        assert isinstance(inner, dict)
        return {"sha": sha, "message": inner["message"], "html_url": shown["html_url"], "author": inner["author"]}


def ref_json(branch: str, sha: str, site: Site) -> dict[str, object]:
    """Return a branch as GitHub's Git database shows it."""
    full = f"refs/heads/{branch}"
    api = f"{site.base_url}/repos/{site.owner}/{site.repo}/git"
    target = {"type": "commit", "sha": sha, "url": f"{api}/commits/{sha}"}
    return {"ref": full, "node_id": f"REF_{full}", "url": f"{api}/{full}", "object": target}
