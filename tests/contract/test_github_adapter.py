"""The adapter of GitHub before other servers than ours: fewer tools, no `delete_branch`, limits of rates."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import mcp_types as types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sre_embedded.listening import bind, serve
from sre_space.adapters.github_mcp import GithubGitOps, GithubMcpForge
from sre_space.adapters.github_mcp.gitops import NEEDED, _state_of
from sre_space.adapters.github_mcp.issues import NEEDED as NEEDED_FOR_ISSUES
from sre_space.adapters.github_mcp.meaning import classified, refused
from sre_space.domain.errors import Conflict, Missing, Refused, SpaceError, Unavailable

Answer = Callable[[str, str], tuple[int, Mapping[str, str], object]]


class OtherForge:
    """An MCP server with some tools, all of which say the same, and a REST that answers as it is told."""

    def __init__(self, tools: tuple[str, ...], said: str = "", answer: Answer = lambda *_: (404, {}, {})) -> None:
        self.tools, self.said, self.answer = tools, said, answer
        self.requests: list[str] = []

    def ask(self, question: Callable[[str], Awaitable[None]]) -> None:
        """Serve while a question is asked; it gets the address."""

        async def asked() -> None:
            listener = bind(0, "X")
            serving = asyncio.ensure_future(serve(self._app(), listener, lifespan="on"))
            try:
                await question(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp")
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)

        asyncio.run(asked())

    def _app(self) -> Any:  # noqa: ANN401 - Starlette
        server: Server[Any] = Server("other", version="1", on_list_tools=self._list, on_call_tool=self._call)
        rest = Route("/repos/{path:path}", self._rest, methods=["GET", "PUT", "POST", "DELETE"])
        return server.streamable_http_app(json_response=True, stateless_http=True, custom_starlette_routes=[rest])

    async def _list(self, _: ServerRequestContext[Any], __: object) -> types.ListToolsResult:
        listed = [types.Tool(name=name, input_schema={"type": "object"}) for name in self.tools]
        return types.ListToolsResult(tools=listed)

    async def _call(self, _: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        self.requests.append(params.name)
        said = types.TextContent(type="text", text=self.said)
        return types.CallToolResult(content=[said], is_error=bool(self.said))

    async def _rest(self, request: Request) -> Response:
        self.requests.append(f"{request.method} {request.path_params['path']}")
        status, headers, body = self.answer(request.method, request.path_params["path"])
        return JSONResponse(body, status, dict(headers)) if status != 204 else Response(status_code=204)


def test_only_an_agent_that_changes_git_needs_the_tools_for_it() -> None:
    async def story(url: str) -> None:
        forge, gitops = GithubMcpForge(url, "t", "o", "r"), GithubGitOps(url, "t", "o", "r")
        with pytest.raises(Refused, match="bad day"):
            await forge.issue(1)
        with pytest.raises(Refused, match="lacks the tools get_file_contents, list_branches, push_files"):
            await gitops.branches()
        await forge.close()
        await gitops.close()

    OtherForge(NEEDED_FOR_ISSUES, "bad day").ask(story)


def test_a_branch_is_deleted_by_rest_where_no_tool_can() -> None:
    async def story(url: str) -> None:
        gitops = GithubGitOps(url, "t", "o", "r")
        await gitops.delete_branch("sre/inc-1")
        await gitops.close()

    other = OtherForge(NEEDED, answer=lambda *_: (204, {}, None))
    other.ask(story)
    assert other.requests == ["DELETE o/r/git/refs/heads/sre/inc-1"]


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "17"}, 17.0),
        (403, {"retry-after": "60"}, 60.0),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, 0.0),
        (429, {}, 60.0),
        (502, {}, None),
    ],
)
def test_a_limit_of_rates_is_told_as_such_with_how_long_to_wait(
    status: int, headers: Mapping[str, str], wait: float | None
) -> None:
    async def story(url: str) -> None:
        gitops = GithubGitOps(url, "t", "o", "r")
        with pytest.raises(Unavailable) as caught:
            await gitops.squash(1, "0" * 40, "t", "")
        assert caught.value.retry_after == wait
        await gitops.close()

    OtherForge(NEEDED, answer=lambda *_: (status, headers, {"message": "slow down"})).ask(story)


@pytest.mark.parametrize(
    ("text", "kind", "wait"),
    [
        ("failed to list branches: GitHub API rate limit exceeded. Retry after 5m0s.", Unavailable, 300.0),
        ("GitHub secondary rate limit exceeded. Retry after 1h2m3.5s", Unavailable, 3723.5),
        ("failed: PUT https://api.github.com/repos/o/r: 503 Service Unavailable []", Unavailable, None),
        ("failed: GET https://api.github.com/repos/o/r: 404 Not Found []", Missing, None),
        ("PUT x: 405 Base branch was modified. Review and try the merge again. []", Conflict, None),
        ("PUT x: 405 Pull Request is not mergeable []", Conflict, None),
        ("Validation Failed [{Message:A pull request already exists for o:b.}]", Conflict, None),
        ('PUT x: 405 Required status check "ci" is expected. []', Refused, None),
        ("PATCH x: 403 Resource not accessible by integration []", Refused, None),
    ],
)
def test_the_words_of_the_official_server_say_whether_to_try_again(
    text: str, kind: type[SpaceError], wait: float | None
) -> None:
    error = classified("tool", text)

    assert type(error) is kind
    assert getattr(error, "retry_after", None) == wait


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (404, "Not Found", Missing),
        (405, "Pull Request is not mergeable", Conflict),
        (409, "Head branch was modified. Review and try the merge again.", Conflict),
        (422, "Reference already exists", Conflict),
        (405, 'Required status check "validate-config" is failing.', Refused),
        (403, "Resource not accessible by integration", Refused),
        (403, "You have exceeded a secondary rate limit", Unavailable),
        (500, "Server Error", Unavailable),
    ],
)
def test_the_status_of_rest_says_whether_to_try_again(status: int, message: str, kind: type[SpaceError]) -> None:
    assert type(refused("PUT x", status, {}, message)) is kind


@pytest.mark.parametrize(
    ("conclusions", "state"),
    [
        ({"a": "success", "b": "neutral"}, "success"),
        ({"a": "success"}, "pending"),
        ({"a": "success", "b": None}, "pending"),
        ({"a": None, "b": "timed_out"}, "failure"),
        ({"a": "success", "b": "cancelled", "other": "success"}, "failure"),
        ({"a": "success", "b": "success", "other": "failure"}, "success"),
    ],
)
def test_required_checks_are_judged_as_github_does(conclusions: Mapping[str, str | None], state: str) -> None:
    runs = [{"id": id, "name": name, "conclusion": one} for id, (name, one) in enumerate(conclusions.items())]
    earlier = [{"id": -1, "name": name, "conclusion": "failure"} for name in conclusions]

    assert _state_of(["a", "b"], [*runs, *earlier]).state == state


@given(st.text(max_size=200), st.integers(400, 599), st.dictionaries(st.sampled_from(["retry-after"]), st.text()))
def test_any_answer_has_a_meaning(text: str, status: int, headers: Mapping[str, str]) -> None:
    assert isinstance(classified("t", text), SpaceError)
    assert isinstance(refused("x", status, headers, text), SpaceError)
