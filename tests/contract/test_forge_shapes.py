"""The forge's answers in the official server's shapes, as a foreign MCP client reads them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import EmbeddedResource, TextContent, TextResourceContents
from support.servers import ForgeServer

T = TypeVar("T")
Call = Callable[..., Awaitable[Any]]
WHERE = {"owner": "local", "repo": "cloud-insurance"}


def talk(server: ForgeServer, story: Callable[[Client], Awaitable[T]], login: str = "sre-scout") -> T:
    """Tell a story over one connection."""

    async def told() -> T:
        headers = {"Authorization": f"Bearer {server.identities[login].token}"}
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(f"{server.url}/mcp", http_client=http)) as client,
        ):
            return await story(client)

    return asyncio.run(told())


async def ask(client: Client, tool: str, **arguments: object) -> Any:  # noqa: ANN401 - foreign JSON
    """Call a tool and return the JSON in the one text of its answer; fail when the answer is an error."""
    result = await client.call_tool(tool, {**(WHERE if tool != "get_me" else {}), **arguments})
    (item,) = result.content
    assert isinstance(item, TextContent)
    assert not result.is_error, item.text
    assert result.structured_content is None
    return json.loads(item.text)


async def refused(client: Client, tool: str, **arguments: object) -> str:
    """Call a tool whose answer must be an error, and return the error's text."""
    result = await client.call_tool(tool, {**WHERE, **arguments})
    (item,) = result.content
    assert isinstance(item, TextContent)
    assert result.is_error
    return item.text


def test_written_issues_and_comments_answer_id_and_url_and_no_number(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        issue = await ask(client, "issue_write", method="create", title="t", labels=["a"])
        comment = await ask(client, "add_issue_comment", issue_number=1, body="b")
        assert set(issue) == set(comment) == {"id", "url"}
        assert isinstance(issue["id"], str)
        assert issue["url"].endswith("/local/cloud-insurance/issues/1")
        assert comment["url"].endswith("/issues/1#issuecomment-1")

    talk(forge_server, story)


def test_an_issue_is_lower_case_when_read_and_upper_case_when_listed(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        await ask(client, "issue_write", method="create", title="t", body="b", labels=["a"])
        await ask(client, "issue_write", method="update", issue_number=1, state="closed", state_reason="not_planned")
        read = await ask(client, "issue_read", method="get", issue_number=1)
        assert (read["state"], read["state_reason"], read["labels"]) == ("closed", "not_planned", ["a"])
        assert set(read["user"]) >= {"login", "id", "profile_url"}
        assert read["author_association"] == "COLLABORATOR"
        listed = await ask(client, "list_issues", state="CLOSED")
        assert set(listed) == {"issues", "totalCount", "pageInfo"}
        assert set(listed["pageInfo"]) == {"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"}
        (one,) = listed["issues"]
        assert (one["state"], one["user"], one["labels"]) == ("CLOSED", {"login": "sre-scout"}, ["a"])
        assert not {"author_association", "html_url"} & set(one)
        assert await ask(client, "list_issues", state="CLOSED", fields=["number", "state"]) == {
            **listed, "issues": [{"number": 1, "state": "CLOSED"}],
        }  # fmt: skip
        found = await ask(client, "search_issues", query="is:closed t")
        assert set(found) == {"total_count", "incomplete_results", "items"}
        assert [item["number"] for item in found["items"]] == [1]

    talk(forge_server, story)


def test_comments_and_labels_are_read_in_their_shapes(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        await ask(client, "issue_write", method="create", title="t", labels=["a"])
        await ask(client, "add_issue_comment", issue_number=1, body="b")
        (comment,) = await ask(client, "issue_read", method="get_comments", issue_number=1)
        assert set(comment) == {"id", "body", "html_url", "user", "author_association", "created_at", "updated_at"}
        assert isinstance(comment["id"], int)
        labels = await ask(client, "issue_read", method="get_labels", issue_number=1)
        assert set(labels) == {"labels", "totalCount"}
        assert set(labels["labels"][0]) == {"id", "name", "color", "description"}
        made = await client.call_tool("label_write", {**WHERE, "method": "create", "name": "x", "color": "ff0000"})
        assert [item.text for item in made.content if isinstance(item, TextContent)] == [
            "label 'x' created successfully"
        ]
        assert (await ask(client, "get_label", name="X"))["color"] == "ff0000"
        assert (await ask(client, "list_label"))["totalCount"] == 2
        assert "already exists" in await refused(client, "label_write", method="create", name="X", color="0")
        assert ": 404 " in await refused(client, "get_label", name="nowhere")

    talk(forge_server, story)


def test_a_reaction_is_kept_once_and_counted_where_it_was_given(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        await ask(client, "issue_write", method="create", title="t")
        both = await ask(client, "add_issue_comment", issue_number=1, body="b", reaction="eyes")
        assert set(both) == {"comment", "reaction"}
        again = await ask(client, "add_issue_comment", issue_number=1, reaction="eyes")
        assert again == both["reaction"]
        await ask(client, "add_issue_comment", issue_number=1, reaction="+1", comment_id=1)
        read = await ask(client, "issue_read", method="get", issue_number=1)
        (comment,) = await ask(client, "issue_read", method="get_comments", issue_number=1)
        assert read["reactions"] == {"total_count": 1, "eyes": 1}
        assert comment["reactions"] == {"total_count": 1, "+1": 1}
        assert ": 404 " in await refused(client, "add_issue_comment", issue_number=1, reaction="+1", comment_id=9)
        assert "cannot be combined" in await refused(
            client, "add_issue_comment", issue_number=1, body="b", comment_id=1
        )
        assert "missing required" in await refused(client, "add_issue_comment", issue_number=1)

    talk(forge_server, story)


def test_files_come_as_an_embedded_resource_and_folders_as_a_list(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        said, file = (await client.call_tool("get_file_contents", {**WHERE, "path": "README.md"})).content
        assert isinstance(said, TextContent)
        assert said.text.startswith("successfully downloaded text file (SHA: ")
        assert isinstance(file, EmbeddedResource)
        assert isinstance(file.resource, TextResourceContents)
        assert file.resource.text.startswith("# Desired state")
        folder = await ask(client, "get_file_contents", path="deploy/config")
        assert {entry["type"] for entry in folder} == {"file"}
        assert set(folder[0]) == {"type", "name", "path", "size", "sha"}
        assert ": 404 " in await refused(client, "get_file_contents", path="nowhere")

    talk(forge_server, story)


FILE = "deploy/config/quote-service.env"
BRANCH = "sre/inc-1-20261125T100000Z"


async def pull_request(client: Client) -> None:
    """Open pull request number 1: one file of one branch."""
    await ask(client, "create_branch", branch=BRANCH)
    await ask(client, "push_files", branch=BRANCH, message="m", files=[{"path": FILE, "content": "A=1\n"}])
    made = await ask(client, "create_pull_request", title="t", head=f"local:{BRANCH}", base="main", body="b")
    assert made == {"id": "1", "url": made["url"]}
    assert made["url"].endswith("/local/cloud-insurance/pull/1")


def test_branches_and_commits_are_told_in_their_shapes(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        made = await ask(client, "create_branch", branch=BRANCH, from_branch="main")
        assert set(made) == {"ref", "node_id", "url", "object"}
        assert (made["ref"], made["object"]["type"]) == (f"refs/heads/{BRANCH}", "commit")
        (main, other) = await ask(client, "list_branches")
        assert main == {"name": "main", "sha": made["object"]["sha"], "protected": True}
        assert (other["name"], other["protected"]) == (BRANCH, False)
        (listed,) = await ask(client, "list_commits", path=FILE)
        assert set(listed) == {"sha", "html_url", "commit", "author", "committer"}
        assert set(listed["commit"]) == {"message", "author", "committer"}
        assert set(listed["commit"]["author"]) == {"name", "email", "date"}
        assert await ask(client, "list_commits", fields=["sha"]) == [{"sha": listed["sha"]}]
        whole = await ask(client, "get_commit", sha="main", detail="full_patch")
        assert set(whole) == {*listed, "stats", "files"}
        assert set(whole["stats"]) == {"additions", "deletions", "total"}
        assert {"filename", "status", "additions", "deletions", "changes", "patch"} == set(whole["files"][0])
        assert "patch" not in (await ask(client, "get_commit", sha=listed["sha"][:9]))["files"][0]
        assert "files" not in await ask(client, "get_commit", sha="main", detail="none")
        assert "already exists" in await refused(client, "create_branch", branch=BRANCH)
        assert ": 404 " in await refused(client, "create_branch", branch="x", from_branch="nowhere")
        assert ": 404 " in await refused(client, "get_commit", sha="nowhere")
        assert "protected" in await refused(client, "delete_branch", branch="main")
        gone = await client.call_tool("delete_branch", {**WHERE, "branch": BRANCH})
        assert not gone.is_error
        assert ": 404 " in await refused(client, "delete_branch", branch=BRANCH)

    talk(forge_server, story)


def test_files_are_written_one_by_one_and_only_over_what_is_known(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        await ask(client, "create_branch", branch="b")
        where = {"path": "notes/x.md", "branch": "b", "message": "m"}
        made = await ask(client, "create_or_update_file", **where, content="one\n")
        assert set(made) == {"content", "commit"}
        assert set(made["content"]) == {"name", "path", "sha", "size", "html_url"}
        assert set(made["commit"]) == {"sha", "message", "html_url", "author"}
        assert "must provide" in await refused(client, "create_or_update_file", **where, content="two\n")
        wrong = await refused(client, "create_or_update_file", **where, content="two\n", sha="0" * 40)
        assert ": 409 " in wrong
        sha = made["content"]["sha"]
        again = await ask(client, "create_or_update_file", **where, content="two\n", sha=sha)
        assert again["content"]["sha"] != sha
        assert "missing required" in await refused(client, "create_or_update_file", **where, content="")
        deleted = await ask(client, "delete_file", **where)
        assert (deleted["content"], set(deleted["commit"])) == (None, {"sha", "message", "html_url", "author"})
        assert ": 404 " in await refused(client, "delete_file", **where)
        assert "pull request" in await refused(
            client, "create_or_update_file", **{**where, "branch": "main"}, content="x"
        )

    talk(forge_server, story)


def test_a_pull_request_is_read_in_the_official_shapes(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        await pull_request(client)
        where = {"pullNumber": 1}
        whole = await ask(client, "pull_request_read", method="get", **where)
        assert set(whole) == {
            "number", "title", "body", "state", "draft", "merged", "mergeable_state", "html_url", "user", "head",
            "base", "additions", "deletions", "changed_files", "commits", "comments", "created_at", "updated_at",
        }  # fmt: skip
        assert (whole["mergeable_state"], whole["changed_files"], whole["commits"]) == ("clean", 1, 1)
        assert set(whole["head"]) == {"ref", "sha", "repo"}
        (file,) = await ask(client, "pull_request_read", method="get_files", **where)
        assert set(file) == {"filename", "status", "additions", "deletions", "changes", "patch"}
        assert (file["filename"], file["status"]) == (FILE, "modified")
        (commit,) = await ask(client, "pull_request_read", method="get_commits", **where)
        assert set(commit) == {"sha", "html_url", "message", "author"}
        runs = await ask(client, "pull_request_read", method="get_check_runs", **where)
        assert set(runs) == {"total_count", "check_runs"}
        (run,) = runs["check_runs"]
        assert (run["name"], run["status"], run["conclusion"]) == ("validate-config", "completed", "success")
        status = await ask(client, "pull_request_read", method="get_status", **where)
        assert (status["state"], status["total_count"], status["statuses"]) == ("pending", 0, [])
        diff = await client.call_tool("pull_request_read", {**WHERE, **where, "method": "get_diff"})
        (text,) = diff.content
        assert isinstance(text, TextContent)
        assert text.text.startswith(f"diff --git a/{FILE} b/{FILE}")
        assert "reviews are not kept" in await refused(client, "pull_request_read", method="get_reviews", **where)
        assert ": 404 " in await refused(client, "pull_request_read", method="get", pullNumber=9)

    talk(forge_server, story)


def test_pull_requests_are_listed_without_merged_updated_and_merged(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        await pull_request(client)
        await ask(client, "issue_write", method="create", title="an issue")
        await ask(client, "add_issue_comment", issue_number=1, body="a comment")
        assert await ask(client, "update_pull_request", pullNumber=1, title="new", draft=True)
        (listed,) = await ask(client, "list_pull_requests", head=f"local:{BRANCH}", base="main")
        assert (listed["title"], listed["draft"], listed["merged"]) == ("new", True, False)
        assert "mergeable_state" not in listed
        assert "draft" in await refused(client, "merge_pull_request", pullNumber=1, merge_method="squash")
        await ask(client, "update_pull_request", pullNumber=1, draft=False)
        assert "already exists" in await refused(client, "create_pull_request", title="t", head=BRANCH, base="main")
        merged = await ask(client, "merge_pull_request", pullNumber=1, merge_method="squash", commit_title="T")
        assert merged == {"sha": merged["sha"], "merged": True, "message": "Pull Request successfully merged"}
        assert (await ask(client, "list_commits"))[0]["commit"]["message"] == "T"
        (closed,) = await ask(client, "list_pull_requests", state="closed", fields=["number", "merged_at", "merged"])
        assert (closed["number"], closed["merged"], bool(closed["merged_at"])) == (1, False, True)
        whole = await ask(client, "pull_request_read", method="get", pullNumber=1)
        assert (whole["merged"], whole["merged_by"], whole["state"]) == (True, "sre-scout", "closed")
        assert [one["body"] for one in await ask(client, "pull_request_read", method="get_comments", pullNumber=1)] == [
            "a comment"
        ]
        assert "405" in await refused(client, "merge_pull_request", pullNumber=1)
        for tool, asked in (
            ("update_pull_request", {"pullNumber": 1}),
            ("issue_write", {"method": "update", "issue_number": 1}),
        ):
            assert "cannot be reopened" in await refused(client, tool, **asked, state="open")

    talk(forge_server, story)


def test_an_unknown_tool_is_a_protocol_error(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("delete_repository", {**WHERE})
        assert caught.value.code == -32602

    talk(forge_server, story)


def test_what_the_forge_does_not_keep_is_refused_by_name(forge_server: ForgeServer) -> None:
    async def story(client: Client) -> None:
        told = await refused(client, "issue_write", method="create", title="t", assignees=["x"], milestone=3)
        assert told == "assignees, milestone: not kept by the embedded forge"

    talk(forge_server, story)
