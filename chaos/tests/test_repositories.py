"""The repository on a forge that others share: nothing is committed there unless a person names it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from sre_chaos.adapters.forge_tools import ForgeTools
from sre_chaos.adapters.mcp import McpServer
from sre_chaos.cli import main
from sre_chaos.errors import NoTarget, Unreachable
from sre_chaos.injectors import commits
from sre_chaos.run import Run

EDIT = commits.Edit("space.env", {"A": "1"}, "Set A")
PUBLIC = ("https://api.githubcopilot.com/mcp/", "https://github.com/mcp", "https://api.github.com/mcp")


class _Forge(BaseHTTPRequestHandler):
    """A forge that writes down which tools were called, and answers as an event stream."""

    called: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.called.append(asked["params"].get("name", asked["method"]))
        message = {"jsonrpc": "2.0", "id": 1, "result": {"isError": True, "content": [{"type": "text", "text": "no"}]}}
        body = f"event: message\ndata: {json.dumps(message)}\n\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def forge() -> Iterator[str]:
    """Yield the URL of a forge that refuses every tool."""
    _Forge.called.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forge) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/mcp"
        server.shutdown()
        thread.join(20)


def on(url: str, run: Run, named: str = "") -> Run:
    """Return a run whose space has its configuration on a forge."""
    repository = ForgeTools(McpServer(url, "t"), "shop/desired", run.space.state)
    return replace(run, space=replace(run.space, repository=repository), repository=named)


@pytest.mark.parametrize("url", PUBLIC)
@pytest.mark.parametrize("named", ["", "shop/other", "desired"])
def test_a_commit_to_github_is_refused_unless_the_repository_is_named(run: Run, url: str, named: str) -> None:
    with pytest.raises(NoTarget, match=r"commits to main of shop/desired on GitHub; .* --repo shop/desired"):
        commits.merge(EDIT)(on(url, run, named))


def test_one_that_is_named_may_be_committed_to_and_a_forge_elsewhere_need_not_be(run: Run, forge: str) -> None:
    for url in PUBLIC:
        on(url, run).space.repository.require_consent("Shop/Desired")
    with pytest.raises(NoTarget, match="the forge refused get_file_contents: no"):
        commits.merge(EDIT)(on(forge, run))

    assert _Forge.called == ["initialize", "get_file_contents"]


def test_the_command_refuses_before_it_asks_github(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    path = run.space.state / "run" / "space.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"servers": {"FORGE_URL": PUBLIC[0]}}))

    assert main(["conversion", "--now", "--state", str(run.space.state)]) == 1
    assert "pass --repo local/x" in capsys.readouterr().err


def test_a_forge_that_is_away_is_one_sentence_without_the_token(run: Run) -> None:
    with pytest.raises(Unreachable, match=r"the forge at http://127\.0\.0\.1:1/mcp does not answer"):
        commits.merge(EDIT)(on("http://127.0.0.1:1/mcp", run))
    assert "secret" not in repr(McpServer("http://x", "secret"))


def test_a_deployment_under_way_is_waited_for(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sre_chaos.adapters.forge_tools.DEPLOYED_WITHIN_S", 0.2)
    (tmp_path / "underway.json").write_text("{}")
    monkeypatch.setattr(ForgeTools, "_in_force", lambda _: True)

    with pytest.raises(NoTarget, match=r"the deployer has not deployed main within 0\.2 s"):
        ForgeTools(McpServer("http://127.0.0.1:1/mcp", "t"), "shop/desired", tmp_path).deploy()
