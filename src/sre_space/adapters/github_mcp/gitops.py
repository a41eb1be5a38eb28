"""Git on GitHub: fulfils `ports.gitops.GitOps`.

| by the MCP server | by REST, which the MCP server lacks |
|---|---|
| files, branches, check runs, files of a pull request | commits with their parents |
| one commit of some files | a branch at a given commit |
| opening, reading, listing and closing pull requests | the commit that a merge made |
| deleting a branch, where it offers `delete_branch` | deleting a branch elsewhere |
| | merging at an expected head; which checks are required |
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from mcp_types import EmbeddedResource

from sre_space.adapters.github_mcp.connection import Connection
from sre_space.adapters.github_mcp.meaning import GHOST, content, iso, login, ns, tail
from sre_space.adapters.github_mcp.rest import Rest
from sre_space.domain.errors import Conflict, Missing, Refused
from sre_space.ports.gitops import Branch, Checks, Commit, GitOps, PullRequest

NEEDED = (
    "get_file_contents",
    "list_branches",
    "push_files",
    "create_pull_request",
    "list_pull_requests",
    "pull_request_read",
    "update_pull_request",
)
READING = ("get_file_contents",)  # all that who only reads files and commits calls
DELETE = "delete_branch"
DEFAULT = "main"
PAGE = 100
_GOOD = ("success", "neutral", "skipped")  # what GitHub lets pass as a required check


class GithubGitOps(GitOps):
    """One repository as one identity. `api_url` is REST's; "": beside the MCP endpoint, where the embedded forge is.

    The MCP server must offer the `needed` tools.
    """

    def __init__(
        self, url: str, token: str, owner: str, repo: str, api_url: str = "", *, needed: Sequence[str] = NEEDED
    ) -> None:
        at = urlsplit(url)
        self._where: dict[str, Any] = {"owner": owner, "repo": repo}
        self._mcp = Connection(url, token, needed)
        self._rest = Rest(api_url or f"{at.scheme}://{at.netloc}", token, owner, repo)

    async def commits(self, path: str = "", ref: str = DEFAULT, since: int = 0) -> Sequence[Commit]:
        """All pages."""
        query = {"sha": ref, "path": path, "since": iso(since) if since else ""}
        found = await self._rest.pages("commits", {name: value for name, value in query.items() if value})
        return [_commit(one) for one in found]

    async def commit(self, sha: str) -> Commit:
        """With the files it touched, a renamed one under both names."""
        return _commit(await self._rest.json("GET", f"commits/{quote(sha)}"))

    async def read_files(self, folder: str, ref: str = DEFAULT) -> Mapping[str, bytes]:
        """All at the one commit that `ref` names now."""
        sha = (await self._rest.json("GET", f"commits/{quote(ref)}"))["sha"]
        try:
            listed = await self._mcp.json("get_file_contents", {"path": folder, "sha": sha, **self._where})
        except Missing:
            return {}
        paths = [one["path"] for one in listed if one["type"] == "file"]
        return {path: await self._read(path, {"sha": sha}) for path in paths}

    async def read_file(self, path: str, ref: str = DEFAULT) -> bytes:
        """Ask the server to resolve the name."""
        return await self._read(path, {"ref": ref})

    async def branches(self) -> Sequence[Branch]:
        """All pages."""
        return [Branch(one["name"], one["sha"]) for one in await self._pages("list_branches", {})]

    async def create_branch(self, name: str, sha: str) -> None:
        """By REST: the MCP server's tool takes the head of another branch, whatever that is by then."""
        try:
            await self._rest.json("POST", "git/refs", body={"ref": f"refs/heads/{name}", "sha": sha})
        except Conflict:
            if await self._head(name) != sha:
                raise

    async def commit_files(self, branch: str, files: Mapping[str, str], message: str, expected_head: str) -> str:
        """The tool takes no expected head: the head is read before, and the new commit's parent after.

        Where two commit at once, the loser is told `Conflict`, and its commit is on the branch.
        """
        if await self._head(branch) != expected_head:
            raise Conflict(f"{branch} is not at {expected_head} any more")
        listed = [{"path": path, "content": text} for path, text in files.items()]
        told = {"branch": branch, "files": listed, "message": message, **self._where}
        made = await self.commit((await self._mcp.json("push_files", told))["object"]["sha"])
        if made.parents != (expected_head,):
            raise Conflict(f"{branch} moved from {expected_head} meanwhile; {made.sha} is on top of it")
        return made.sha

    async def delete_branch(self, name: str) -> None:
        """By the tool where it is offered, else by REST."""
        if name == DEFAULT:
            raise Refused(f"{name} is the default branch and is not deleted")
        try:
            if await self._mcp.offers(DELETE):
                await self._mcp.call(DELETE, {"branch": name, **self._where})
            else:
                await self._rest.json("DELETE", f"git/refs/heads/{quote(name)}")
        except Refused:  # GitHub's REST says 422 for a branch that is gone
            if name in {branch.name for branch in await self.branches()}:
                raise

    async def open_pull(self, title: str, body: str, head: str, base: str = DEFAULT) -> int:
        """The number is the tail of the answer's address."""
        asked = {"title": title, "body": body, "head": head, "base": base, **self._where}
        try:
            return tail(await self._mcp.json("create_pull_request", asked))
        except Conflict:
            found = [one.number for one in await self.pulls() if (one.head, one.base) == (head, base)]
            if not found:
                raise
            return found[0]

    async def pull(self, number: int) -> PullRequest:
        """Once it is merged, REST is asked for the commit."""
        one = await self._read_pull("get", number)
        if one.get("merged"):
            one = await self._rest.json("GET", f"pulls/{number}")
        return _pull(one)

    async def pulls(self, state: Literal["open", "closed", "all"] = "open") -> Sequence[PullRequest]:
        """All pages; those that may be merged come from REST, which knows the commit."""
        query = {"state": state, "sort": "created", "direction": "desc"}
        if state == "open":
            return [_pull(one) for one in await self._pages("list_pull_requests", query)]
        return [_pull(one) for one in await self._rest.pages("pulls", query)]

    async def pull_files(self, number: int) -> Sequence[str]:
        """All pages; a renamed file under both names."""
        asked = {"method": "get_files", "pullNumber": number}
        return sorted(_paths(await self._pages("pull_request_read", asked)))

    async def checks(self, number: int) -> Checks:
        """The check runs of its head, judged by what the base's protection requires."""
        pull = await self._read_pull("get", number)
        base = await self._rest.json("GET", f"branches/{quote(pull['base']['ref'])}")
        required = ((base.get("protection") or {}).get("required_status_checks") or {}).get("contexts") or ()
        if not required:
            return Checks("success", "no check is required")
        judged = _judged(required, (await self._read_pull("get_check_runs", number))["check_runs"])
        if judged.state != "failure":
            return judged
        told = await self._rest.json("GET", f"commits/{pull['head']['sha']}/check-runs")
        return Checks("failure", _reasons(required, told["check_runs"]) or judged.detail)

    async def squash(self, number: int, expected_head: str, title: str, message: str) -> str:
        """By REST: the MCP server's tool takes no expected head."""
        told = {"sha": expected_head, "merge_method": "squash", "commit_title": title, "commit_message": message}
        try:
            return str((await self._rest.json("PUT", f"pulls/{number}/merge", body=told))["sha"])
        except Refused:  # perhaps because an earlier try has merged it
            pull = await self.pull(number)
            if not pull.merged or pull.head_sha != expected_head:
                raise
            return pull.merge_sha

    async def close_pull(self, number: int) -> None:
        """Unless it is closed."""
        if (await self._read_pull("get", number))["state"] == "open":
            await self._mcp.json("update_pull_request", {"pullNumber": number, "state": "closed", **self._where})

    async def close(self) -> None:
        """End the connections; safe to call twice."""
        await self._mcp.close()
        await self._rest.close()

    async def _read(self, path: str, at: Mapping[str, str]) -> bytes:
        result = await self._mcp.call("get_file_contents", {"path": path, **at, **self._where})
        found = [item.resource for item in result.content if isinstance(item, EmbeddedResource)]
        if not found:
            raise Missing(f"{path} at {''.join(at.values())} is not a file")
        return content(found[0])

    async def _read_pull(self, method: str, number: int) -> Any:  # noqa: ANN401 - foreign JSON
        asked = {"method": method, "pullNumber": number, "perPage": PAGE, **self._where}
        return await self._mcp.json("pull_request_read", asked)

    async def _head(self, branch: str) -> str:
        return str((await self._rest.json("GET", f"branches/{quote(branch)}"))["commit"]["sha"])

    async def _pages(self, tool: str, asked: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = []
        for page in range(1, 1000):
            some = await self._mcp.json(tool, {**asked, "page": page, "perPage": PAGE, **self._where})
            found += some
            if len(some) < PAGE:
                break
        return found


def _judged(required: Sequence[str], runs: Sequence[Any]) -> Checks:
    """A required check that has not ended, or not begun, is awaited; of one that was repeated the newest run counts."""
    ended = {run["name"]: run.get("conclusion") or "" for run in sorted(runs, key=lambda run: int(run["id"]))}
    failing = [f"{name}: {ended[name]}" for name in required if ended.get(name) and ended[name] not in _GOOD]
    awaited = [name for name in required if not ended.get(name)]
    if failing:
        return Checks("failure", ", ".join(failing))
    if awaited:
        return Checks("pending", f"awaited: {', '.join(awaited)}")
    return Checks("success", ", ".join(required))


def _reasons(required: Sequence[str], runs: Sequence[Any]) -> str:
    """What the failed ones say, which the MCP server leaves out."""
    failed = [run for run in runs if run["name"] in required and run.get("conclusion") not in (None, *_GOOD)]
    return "; ".join(f"{run['name']}: {(run.get('output') or {}).get('summary') or 'failed'}" for run in failed)


def _commit(one: Any) -> Commit:  # noqa: ANN401 - foreign JSON
    return Commit(
        sha=one["sha"],
        message=one["commit"]["message"],
        author=(one["commit"].get("author") or {}).get("name") or GHOST,
        at=ns(one["commit"]["committer"]["date"]),
        parents=tuple(parent["sha"] for parent in one["parents"]),
        files=tuple(sorted(_paths(one.get("files") or ()))),
    )


def _paths(files: Sequence[Any]) -> set[str]:
    return {path for file in files for path in (file["filename"], file.get("previous_filename")) if path}


def _pull(one: Any) -> PullRequest:  # noqa: ANN401 - foreign JSON
    merged = bool(one.get("merged_at"))  # lists have no `merged`
    return PullRequest(
        number=one["number"],
        title=one["title"],
        body=one.get("body") or "",
        state="open" if one["state"] == "open" else "closed",
        author=login(one),
        head=one["head"]["ref"],
        head_sha=one["head"]["sha"],
        base=one["base"]["ref"],
        merged=merged,
        merge_sha=(one.get("merge_commit_sha") or "") if merged else "",
        created=ns(one["created_at"]),
    )
