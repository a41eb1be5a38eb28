"""Who may do what on the forge: a token and a permission for each login, in one file of mode 0600."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from sre_space.domain.errors import Malformed
from sre_space.files import replace_file

PERMISSIONS = ("none", "read", "write", "admin")


@dataclass(frozen=True)
class Identity:
    """An account. `none` is a stranger: may open issues and comment, as anyone may on a public repository."""

    login: str
    id: int
    token: str
    permission: str

    def may(self, permission: str) -> bool:
        """True when this account has at least that permission."""
        return PERMISSIONS.index(self.permission) >= PERMISSIONS.index(permission)

    @property
    def association(self) -> str:
        """GitHub's author_association: a relationship, no permission."""
        return {"admin": "OWNER", "write": "COLLABORATOR", "read": "CONTRIBUTOR"}.get(self.permission, "NONE")


def read_identities(path: Path) -> tuple[Identity, ...]:
    """All accounts; `Malformed` names the file and the remedy."""
    try:
        if path.is_dir():
            raise Malformed(f"{path} is a folder, and no list of identities; remove it and run `sre-space up`")
        if path.stat().st_mode & 0o077:
            raise Malformed(f"{path} can be read by others; run: chmod 600 {path}")
        return _identities(json.loads(path.read_text()))
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}; `sre-space up` makes it") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(f"{path} is no list of identities: {error}; remove it and run `sre-space up`") from error


def token_of(path: Path, login: str) -> str:
    """Return the token of an account; `Malformed` when the file does not name it."""
    for one in read_identities(path):
        if one.login == login:
            return one.token
    raise Malformed(f"{path} names no {login}; end the space, remove it and run `sre-space up`")


def _identities(told: object) -> tuple[Identity, ...]:
    """The accounts that a JSON document lists; `ValueError` or `TypeError` when it does not."""
    if not isinstance(told, list) or not told:
        raise ValueError("a list is expected, with an entry for each account")
    found = tuple(Identity(**entry) for entry in told)
    for one in found:
        texts = all(isinstance(text, str) and text for text in (one.login, one.token))
        if not texts or not isinstance(one.id, int) or one.permission not in PERMISSIONS:
            raise ValueError(f"{one.login!r} is no account")
    return found


def write_identities(path: Path, permissions: Mapping[str, str]) -> tuple[Identity, ...]:
    """Make tokens for logins that have none; tokens that exist are kept."""
    known = {one.login: one for one in read_identities(path)} if path.exists() else {}
    identities = tuple(
        known.get(login) or Identity(login, 1000 + number, secrets.token_urlsafe(24), permission)
        for number, (login, permission) in enumerate(permissions.items())
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, json.dumps([asdict(one) for one in identities], indent=1).encode())
    return identities
