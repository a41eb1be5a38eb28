"""What all tools answer with: refusals in GitHub's words, pages of a list, chosen fields, people and addresses."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sre_space.embedded.forge.identities import Identity

T = TypeVar("T")
Arguments = Mapping[str, Any]  # validated against the tool's schema before they come here
UNPROCESSABLE = 422
MAX_PLACE = 2**31  # place in a list


class ToolError(Exception):
    """An answer with `is_error`, in words that the official server's clients classify."""


class Refusal(ToolError):
    """What GitHub's REST API refuses with a status; the official server quotes it, but for the number 422."""

    def __init__(self, doing: str, status: int, message: str) -> None:
        told = message if status == UNPROCESSABLE else f"{status} {message}"
        super().__init__(f"failed to {doing}: {told} []")
        self.status, self.message = status, message


@dataclass(frozen=True)
class FileContent:
    """A file as the official server answers it: a sentence and an embedded resource."""

    uri: str
    sha: str
    data: bytes


@dataclass(frozen=True)
class Site:
    """The one repository that is served, under which address, and who may come."""

    owner: str
    repo: str
    base_url: str
    identities: Sequence[Identity]

    @property
    def url(self) -> str:
        """The repository's address for people."""
        return f"{self.base_url}/{self.owner}/{self.repo}"

    def written(self, tail: str, id: int) -> dict[str, object]:
        """How the official server answers a write: no number, it is the tail of the address."""
        return {"id": str(id), "url": f"{self.url}/{tail}"}

    def who(self, login: str) -> Identity:
        """An account; one that is gone is a stranger."""
        return next((one for one in self.identities if one.login == login), Identity(login, 0, "", "none"))

    def user_json(self, login: str) -> dict[str, object]:
        """A person as the official server shows one."""
        return {"login": login, "id": self.who(login).id, "profile_url": f"{self.base_url}/{login}"}


def must_write(who: Identity, doing: str) -> None:
    """Only accounts with write permission pass."""
    if not who.may("write"):
        raise Refusal(doing, 403, "Must have write access to the repository.")


def paged(rows: Sequence[T], arguments: Arguments, default: int = 30) -> Sequence[T]:
    """The page that is asked for."""
    size, start = window(arguments, default)
    return rows[start : start + size]


def window(arguments: Arguments, default: int = 30) -> tuple[int, int]:
    """How many the page that is asked for holds, and how many are before it."""
    size, page = int(arguments.get("perPage", default)), int(arguments.get("page", 1))
    return size, min((page - 1) * size, MAX_PLACE)


def only(item: dict[str, object], fields: Sequence[str] | None) -> dict[str, object]:
    """An item with the fields that are asked for; none named: all."""
    return item if not fields else {key: value for key, value in item.items() if key in fields}


def known(item: Mapping[str, object]) -> dict[str, object]:
    """An item without what is unknown (Go's omitempty)."""
    return {key: value for key, value in item.items() if value is not None}


def encoded(place: int) -> str:
    """A cursor to a place in a list."""
    return base64.b64encode(f"cursor:{place}".encode()).decode()


def cursor(text: str) -> int:
    """The place that a cursor names."""
    try:
        place = int(base64.b64decode(text).decode().removeprefix("cursor:")) if text else 0
        return min(max(place, 0), MAX_PLACE)
    except ValueError as error:
        raise ToolError(f"`{text}` does not appear to be a valid cursor.") from error


def as_text(result: object) -> str:
    """The text item of a result."""
    return result if isinstance(result, str) else json.dumps(result)
