"""Shared by all tools of the forge: refusals in GitHub's words, pagination, field selection, accounts and URLs."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sre_space.identities import Identity

T = TypeVar("T")
Arguments = Mapping[str, Any]  # validated against the tool's schema before
UNPROCESSABLE = 422
MAX_OFFSET = 2**31  # in a list


class ToolError(Exception):
    """An answer with `is_error`, worded so that clients of the official server can classify it."""


class Refusal(ToolError):
    """A refusal with the status and message of GitHub's REST API.

    The official server quotes both, except that it leaves out the number 422.
    """

    def __init__(self, action: str, status: int, message: str) -> None:
        text = message if status == UNPROCESSABLE else f"{status} {message}"
        super().__init__(f"failed to {action}: {text} []")
        self.status, self.message = status, message


@dataclass(frozen=True)
class FileContent:
    """A file as the official server returns it: a sentence and an embedded resource."""

    uri: str
    sha: str
    data: bytes


@dataclass(frozen=True)
class Site:
    """The one repository that is served, its address and its accounts; used by every tool."""

    owner: str
    repo: str
    base_url: str
    identities: Sequence[Identity]

    @property
    def url(self) -> str:
        """Return the repository's web address."""
        return f"{self.base_url}/{self.owner}/{self.repo}"

    def write_answer(self, tail: str, id: int) -> dict[str, object]:
        """Return the official server's answer to a write: an id and a URL that ends in `tail` (with the number)."""
        return {"id": str(id), "url": f"{self.url}/{tail}"}

    def identity_of(self, login: str) -> Identity:
        """Return an account by its login; a login without an account gets the permission `none`."""
        return next(
            (identity for identity in self.identities if identity.login == login), Identity(login, 0, "", "none")
        )

    def user_json(self, login: str) -> dict[str, object]:
        """Return an account as the official server shows it."""
        return {"login": login, "id": self.identity_of(login).id, "profile_url": f"{self.base_url}/{login}"}


def require_write(caller: Identity, action: str) -> None:
    """Raise `Refusal` 403 unless the account may write."""
    if not caller.may("write"):
        raise Refusal(action, 403, "Must have write access to the repository.")


def page_of(rows: Sequence[T], arguments: Arguments, default: int = 30) -> Sequence[T]:
    """Return the requested page of `rows`."""
    size, start = page_bounds(arguments, default)
    return rows[start : start + size]


def page_bounds(arguments: Arguments, default: int = 30) -> tuple[int, int]:
    """Return the size of the requested page and the number of items before it."""
    size, page = int(arguments.get("perPage", default)), int(arguments.get("page", 1))
    return size, min((page - 1) * size, MAX_OFFSET)


def select_fields(item: dict[str, object], fields: Sequence[str] | None) -> dict[str, object]:
    """Return an item with the requested fields only; all of them when none is requested."""
    return item if not fields else {key: value for key, value in item.items() if key in fields}


def omit_none(item: Mapping[str, object]) -> dict[str, object]:
    """Return an item without the fields that are None (Go's omitempty)."""
    return {key: value for key, value in item.items() if value is not None}


def encode_cursor(offset: int) -> str:
    """Return the cursor for an offset in a list."""
    return base64.b64encode(f"cursor:{offset}".encode()).decode()


def decode_cursor(text: str) -> int:
    """Return the offset of a cursor, 0 for an empty one; `ToolError` when the cursor is invalid."""
    try:
        offset = int(base64.b64decode(text).decode().removeprefix("cursor:")) if text else 0
        return min(max(offset, 0), MAX_OFFSET)
    except ValueError as error:
        raise ToolError(f"`{text}` does not appear to be a valid cursor.") from error


def as_text(result: object) -> str:
    """Return the text item of a result."""
    return result if isinstance(result, str) else json.dumps(result)
