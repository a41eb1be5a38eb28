"""Git on GitHub by MCP and REST: fulfils `ports.gitops.GitOps`.

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
READING = ("get_file_contents",)  # the only tool that reading files and commits needs
DELETE = "delete_branch"
DEFAULT = "main"
PAGE = 100
_GOOD = ("success", "neutral", "skipped")  # conclusions that GitHub accepts for a required check


class GithubGitOps(GitOps):
    """The Git side of one repository, with one token; the MCP server must offer the `needed` tools.

    `api_url` is the address of REST; "" for the host of the MCP endpoint, as with the embedded forge.
    """

    def __init__(
        self, url: str, token: str, owner: str, repo: str, api_url: str = "", *, needed: Sequence[str] = NEEDED
    ) -> None:
        at = urlsplit(url)
        self._where: dict[str, Any] = {"owner": owner, "repo": repo}
        self._mcp = Connection(url, token, needed)
        self._rest = Rest(api_url or f"{at.scheme}://{at.netloc}", token, owner, repo)

    async def commits(self, path: str = "", ref: str = DEFAULT, since: int = 0) -> Sequence[Commit]:
        """Return the commits of `ref` that touch `path`, newest first, since a time (Unix ns, 0: all); all pages."""
        query = {"sha": ref, "path": path, "since": iso(since) if since else ""}
        answers = await self._rest.pages("commits", {name: value for name, value in query.items() if value})
        return [_commit(answer) for answer in answers]

    async def commit(self, sha: str) -> Commit:
        """Return a commit with the files it touched, a renamed file under both names."""
        return _commit(await self._rest.json("GET", f"commits/{quote(sha)}"))

    async def read_files(self, folder: str, ref: str = DEFAULT) -> Mapping[str, bytes]:
        """Return the files directly in a folder, all at the commit that `ref` names now; empty without the folder."""
        sha = (await self._rest.json("GET", f"commits/{quote(ref)}"))["sha"]
        try:
            listed = await self._mcp.json("get_file_contents", {"path": folder, "sha": sha, **self._where})
        except Missing:
            return {}
        paths = [entry["path"] for entry in listed if entry["type"] == "file"]
        return {path: await self._read(path, {"sha": sha}) for path in paths}

    async def read_file(self, path: str, ref: str = DEFAULT) -> bytes:
        """Return a file at `ref`, a name that the server resolves; raise `Missing` when it is not a file."""
        return await self._read(path, {"ref": ref})

    async def branches(self) -> Sequence[Branch]:
        """Return all branches with their heads, over all pages."""
        return [Branch(branch["name"], branch["sha"]) for branch in await self._pages("list_branches", {})]

    async def create_branch(self, name: str, sha: str) -> None:
        """Create a branch at a commit; by REST, for the MCP tool can only start at the head of another branch."""
        try:
            await self._rest.json("POST", "git/refs", body={"ref": f"refs/heads/{name}", "sha": sha})
        except Conflict:
            if await self._head(name) != sha:
                raise

    async def commit_files(self, branch: str, files: Mapping[str, str], message: str, expected_head: str) -> str:
        """Commit the files on a branch and return the new SHA; raise `Conflict` if the head was not `expected_head`.

        The tool takes no expected head, so the head is read before and the new commit's parent after. Of two concurrent
        commits the later one raises `Conflict` and is on the branch all the same.
        """
        if await self._head(branch) != expected_head:
            raise Conflict(f"{branch} is not at {expected_head} any more")
        listed = [{"path": path, "content": text} for path, text in files.items()]
        arguments = {"branch": branch, "files": listed, "message": message, **self._where}
        commit = await self.commit((await self._mcp.json("push_files", arguments))["object"]["sha"])
        if commit.parents != (expected_head,):
            raise Conflict(f"{branch} moved from {expected_head} meanwhile; {commit.sha} is on top of it")
        return commit.sha

    async def delete_branch(self, name: str) -> None:
        """Delete a branch, by the MCP tool if offered, else by REST; raise `Refused` for the default branch."""
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
        """Open a pull request and return its number; an open one from the same head to the same base is reused."""
        arguments = {"title": title, "body": body, "head": head, "base": base, **self._where}
        try:
            return tail(await self._mcp.json("create_pull_request", arguments))
        except Conflict:
            numbers = [pull.number for pull in await self.pulls() if (pull.head, pull.base) == (head, base)]
            if not numbers:
                raise
            return numbers[0]

    async def pull(self, number: int) -> PullRequest:
        """Return a pull request; of a merged one REST knows the commit."""
        answer = await self._read_pull("get", number)
        if answer.get("merged"):
            answer = await self._rest.json("GET", f"pulls/{number}")
        return _pull(answer)

    async def pulls(self, state: Literal["open", "closed", "all"] = "open") -> Sequence[PullRequest]:
        """Return the pull requests, newest first, over all pages; merged ones from REST, which knows the commit."""
        query = {"state": state, "sort": "created", "direction": "desc"}
        if state == "open":
            return [_pull(answer) for answer in await self._pages("list_pull_requests", query)]
        return [_pull(answer) for answer in await self._rest.pages("pulls", query)]

    async def pull_files(self, number: int) -> Sequence[str]:
        """Return the paths that a pull request changes, sorted; a renamed file under both names."""
        arguments = {"method": "get_files", "pullNumber": number}
        return sorted(_paths(await self._pages("pull_request_read", arguments)))

    async def checks(self, number: int) -> Checks:
        """Return the state of a pull request's checks, as required by the protection of its base branch."""
        pull = await self._read_pull("get", number)
        base = await self._rest.json("GET", f"branches/{quote(pull['base']['ref'])}")
        required = ((base.get("protection") or {}).get("required_status_checks") or {}).get("contexts") or ()
        if not required:
            return Checks("success", "no check is required")
        state = _state_of(required, (await self._read_pull("get_check_runs", number))["check_runs"])
        if state.state != "failure":
            return state
        runs = await self._rest.json("GET", f"commits/{pull['head']['sha']}/check-runs")
        return Checks("failure", _reasons(required, runs["check_runs"]) or state.detail)

    async def squash(self, number: int, expected_head: str, title: str, message: str) -> str:
        """Squash a pull request at `expected_head` and return the commit; by REST, for the MCP tool takes no head."""
        body = {"sha": expected_head, "merge_method": "squash", "commit_title": title, "commit_message": message}
        try:
            return str((await self._rest.json("PUT", f"pulls/{number}/merge", body=body))["sha"])
        except Refused:  # perhaps because an earlier attempt has merged it
            pull = await self.pull(number)
            if not pull.merged or pull.head_sha != expected_head:
                raise
            return pull.merge_sha

    async def close_pull(self, number: int) -> None:
        """Close a pull request, unless it is closed already."""
        if (await self._read_pull("get", number))["state"] == "open":
            await self._mcp.json("update_pull_request", {"pullNumber": number, "state": "closed", **self._where})

    async def close(self) -> None:
        """Close the connections; safe to call twice."""
        await self._mcp.close()
        await self._rest.close()

    async def _read(self, path: str, at: Mapping[str, str]) -> bytes:
        result = await self._mcp.call("get_file_contents", {"path": path, **at, **self._where})
        resources = [item.resource for item in result.content if isinstance(item, EmbeddedResource)]
        if not resources:
            raise Missing(f"{path} at {''.join(at.values())} is not a file")
        return content(resources[0])

    async def _read_pull(self, method: str, number: int) -> Any:  # noqa: ANN401 - foreign JSON
        arguments = {"method": method, "pullNumber": number, "perPage": PAGE, **self._where}
        return await self._mcp.json("pull_request_read", arguments)

    async def _head(self, branch: str) -> str:
        return str((await self._rest.json("GET", f"branches/{quote(branch)}"))["commit"]["sha"])

    async def _pages(self, tool: str, arguments: Mapping[str, Any]) -> list[Any]:
        items: list[Any] = []
        for page in range(1, 1000):
            batch = await self._mcp.json(tool, {**arguments, "page": page, "perPage": PAGE, **self._where})
            items += batch
            if len(batch) < PAGE:
                break
        return items


def _state_of(required: Sequence[str], runs: Sequence[Any]) -> Checks:
    """Return the state of the required checks by their newest runs; one without a finished run is pending."""
    ended = {run["name"]: run.get("conclusion") or "" for run in sorted(runs, key=lambda run: int(run["id"]))}
    failing = [f"{name}: {ended[name]}" for name in required if ended.get(name) and ended[name] not in _GOOD]
    awaited = [name for name in required if not ended.get(name)]
    if failing:
        return Checks("failure", ", ".join(failing))
    if awaited:
        return Checks("pending", f"awaited: {', '.join(awaited)}")
    return Checks("success", ", ".join(required))


def _reasons(required: Sequence[str], runs: Sequence[Any]) -> str:
    """Return the summaries of the failed required checks, which the MCP server leaves out."""
    failed = [run for run in runs if run["name"] in required and run.get("conclusion") not in (None, *_GOOD)]
    return "; ".join(f"{run['name']}: {(run.get('output') or {}).get('summary') or 'failed'}" for run in failed)


def _commit(answer: Any) -> Commit:  # noqa: ANN401 - foreign JSON
    return Commit(
        sha=answer["sha"],
        message=answer["commit"]["message"],
        author=(answer["commit"].get("author") or {}).get("name") or GHOST,
        at=ns(answer["commit"]["committer"]["date"]),
        parents=tuple(parent["sha"] for parent in answer["parents"]),
        files=tuple(sorted(_paths(answer.get("files") or ()))),
    )


def _paths(files: Sequence[Any]) -> set[str]:
    return {path for file in files for path in (file["filename"], file.get("previous_filename")) if path}


def _pull(answer: Any) -> PullRequest:  # noqa: ANN401 - foreign JSON
    merged = bool(answer.get("merged_at"))  # lists have no `merged`
    return PullRequest(
        number=answer["number"],
        title=answer["title"],
        body=answer.get("body") or "",
        state="open" if answer["state"] == "open" else "closed",
        author=login(answer),
        head=answer["head"]["ref"],
        head_sha=answer["head"]["sha"],
        base=answer["base"]["ref"],
        merged=merged,
        merge_sha=(answer.get("merge_commit_sha") or "") if merged else "",
        created=ns(answer["created_at"]),
    )
