"""The accounts of the embedded forge, read from their file by the forge, and by the operator for its own token."""

import json
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.errors import Malformed

PERMISSIONS = ("none", "read", "write", "admin")


@dataclass(frozen=True)
class Identity:
    """An account. With `none` it may open issues and comment, as anyone may on a public repository."""

    login: str
    id: int
    token: str
    permission: str

    def may(self, permission: str) -> bool:
        """Return True when this account has at least that permission."""
        return PERMISSIONS.index(self.permission) >= PERMISSIONS.index(permission)

    @property
    def association(self) -> str:
        """Return GitHub's author_association, which names a relationship and grants nothing."""
        return {"admin": "OWNER", "write": "COLLABORATOR", "read": "CONTRIBUTOR"}.get(self.permission, "NONE")


def read_identities(path: Path) -> tuple[Identity, ...]:
    """Return all accounts; `Malformed` names the file and the remedy."""
    try:
        if path.is_dir():
            raise Malformed(f"{path} is a folder, not a list of identities; remove it and run `sre-space up`")
        if path.stat().st_mode & 0o077:
            raise Malformed(f"{path} can be read by others; run: chmod 600 {path}")
        return _identities(json.loads(path.read_text()))
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}; `sre-space up` makes it") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(f"{path} is not a list of identities: {error}; remove it and run `sre-space up`") from error


def token_of(path: Path, login: str) -> str:
    """Return the token of an account; `Malformed` when the file does not contain it."""
    for identity in read_identities(path):
        if identity.login == login:
            return identity.token
    raise Malformed(f"{path} has no account {login}; end the space, remove the file and run `sre-space up`")


def _identities(document: object) -> tuple[Identity, ...]:
    """Return the accounts of a JSON document; `ValueError` or `TypeError` when it is malformed."""
    if not isinstance(document, list) or not document:
        raise ValueError("a list is expected, with an entry for each account")
    identities = tuple(Identity(**entry) for entry in document)
    for identity in identities:
        texts = all(isinstance(text, str) and text for text in (identity.login, identity.token))
        if not texts or not isinstance(identity.id, int) or identity.permission not in PERMISSIONS:
            raise ValueError(f"the entry of {identity.login!r} is not an account")
    return identities
