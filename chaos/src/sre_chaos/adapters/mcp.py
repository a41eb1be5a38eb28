"""The tools of a GitHub MCP server over streamable HTTP, with the standard library alone."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sre_chaos.errors import NoTarget, Unreachable

ANSWERS_WITHIN_S = 30.0
VERSION = "2025-06-18"


@dataclass(frozen=True)
class McpServer:
    """The server at `url`, asked with one token."""

    url: str
    token: str = field(repr=False)

    def call(self, tool: str, arguments: Mapping[str, object]) -> list[Mapping[str, Any]]:
        """Return the content of a tool's answer; raise `NoTarget` for its error, `Unreachable` without an answer."""
        client = {"name": "git", "version": "1"}
        begun = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}
        _, session = self._post("initialize", begun, {})
        own = {"Mcp-Session-Id": session} if session else {}
        answer, _ = self._post("tools/call", {"name": tool, "arguments": arguments}, own)
        result = answer.get("result", {})
        if "error" in answer or result.get("isError"):
            said = answer.get("error", {}).get("message") or _text(result.get("content", []))
            raise NoTarget(f"the forge refused {tool}: {said}")
        content: list[Mapping[str, Any]] = result["content"]
        return content

    def _post(self, method: str, params: Mapping[str, object], more: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        """Return the answer to a request, and the id of the session where the server has sessions."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": VERSION,
            **more,
        }
        request = urllib.request.Request(self.url, body, headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=ANSWERS_WITHIN_S) as answer:
                return _message(answer.read().decode()), answer.headers.get("Mcp-Session-Id", "")
        except urllib.error.HTTPError as error:
            raise NoTarget(f"the forge at {self.url} refused: {error.code} {error.reason}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unreachable(f"the forge at {self.url} does not answer; is it up?") from error


def _message(text: str) -> dict[str, Any]:
    """Return the message in a JSON body, or the last one of an event stream."""
    lines = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")]
    message: dict[str, Any] = json.loads(lines[-1] if lines else text)
    return message


def _text(content: list[Mapping[str, Any]]) -> str:
    return " ".join(str(one.get("text", "")) for one in content)
