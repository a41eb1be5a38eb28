"""The interpretation of GitHub's answers: errors of its MCP server and of REST, times, addresses, files."""

import base64
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mcp_types import BlobResourceContents, TextResourceContents

from sre_space.domain.backoff import LIMITED_S
from sre_space.domain.errors import Conflict, Missing, Refused, SpaceError, Unavailable

GHOST = "ghost"  # as GitHub shows a deleted account, which its answers leave out
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_MANY, SERVER_ERROR = 401, 403, 404, 409, 429, 500
_RETRY_AFTER = re.compile(r"[Rr]etry after (?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_SERVER_ERROR = re.compile(r": (?:5\d\d|429) |rate limit")
_MISSING = re.compile(r": 404 |[Nn]ot [Ff]ound|Could not resolve")
_CONFLICT = re.compile(
    r": 409 |not mergeable|was modified\. Review|not a fast forward|already exists|does not match", re.IGNORECASE
)


def is_missing(text: str) -> bool:
    """Return True when an error text means "not found" (404)."""
    return _MISSING.search(text) is not None


def classified(tool: str, text: str) -> SpaceError:
    """Return the error for a tool's error text; the official server states in words what REST states as a status."""
    sentence = f"{tool}: {text[:300]}"
    if _SERVER_ERROR.search(text):
        match = _RETRY_AFTER.search(text)
        hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0.0, 0.0, 0.0)
        wait = hours * 3600 + minutes * 60 + seconds
        return Unavailable(sentence, wait or (LIMITED_S if "rate limit" in text else None))
    if is_missing(text):
        return Missing(sentence)
    return Conflict(sentence) if _CONFLICT.search(text) else Refused(sentence)


def refused(request: str, status: int, headers: Mapping[str, str], message: str) -> SpaceError:
    """Return the error for a failed request to REST."""
    sentence = f"{request}: {status} {message[:300]}"
    wait = retry_after(status, headers)
    if wait is not None or status >= SERVER_ERROR or status == TOO_MANY or "rate limit" in message:
        return Unavailable(sentence, wait)
    if status == NOT_FOUND:
        return Missing(sentence)
    if status == UNAUTHORIZED:
        return Refused(f"{sentence}; set GITHUB_PERSONAL_ACCESS_TOKEN")
    return Conflict(sentence) if status == CONFLICT or _CONFLICT.search(message) else Refused(sentence)


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait, None without a limit (docs.github.com, "Rate limits for the REST API")."""
    if headers.get("retry-after", "").isdecimal():
        return float(headers["retry-after"])
    if status not in (FORBIDDEN, TOO_MANY):
        return None
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdecimal():
        return max(0.0, float(headers["x-ratelimit-reset"]) - time.time())
    return LIMITED_S if status == TOO_MANY or headers.get("x-ratelimit-remaining") == "0" else None


def tail(answer: Any) -> int:  # noqa: ANN401 - foreign JSON
    """Return the number at the end of the answer's address: `…/issues/7` or `…#issuecomment-31`."""
    return int(re.split(r"[/-]", answer["url"])[-1])


def content(resource: TextResourceContents | BlobResourceContents) -> bytes:
    """Return a file's bytes."""
    return resource.text.encode() if isinstance(resource, TextResourceContents) else base64.b64decode(resource.blob)


def login(answer: Any) -> str:  # noqa: ANN401 - foreign JSON
    """Return the author's login, `GHOST` for a deleted account."""
    return str((answer.get("user") or {}).get("login") or GHOST)


def ns(text: str) -> int:
    """Return an ISO 8601 time as Unix ns, in whole seconds."""
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


def iso(at: int) -> str:
    """Return a time (Unix ns) as GitHub writes it, in whole seconds."""
    return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
