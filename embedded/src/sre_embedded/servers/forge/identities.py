"""The accounts of the forge are made: a token and a permission for each login, in one file of mode 0600."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from sre_space.files import replace_file
from sre_space.identities import Identity, read_identities


def write_identities(path: Path, permissions: Mapping[str, str]) -> tuple[Identity, ...]:
    """Write the accounts to a file: existing accounts are kept, new ones are made for logins without one."""
    known = {identity.login: identity for identity in read_identities(path)} if path.exists() else {}
    made = {
        login: Identity(login, 1000 + number, secrets.token_urlsafe(24), permission)
        for number, (login, permission) in enumerate(permissions.items())
    }
    identities = tuple((made | known).values())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(path, json.dumps([asdict(identity) for identity in identities], indent=1).encode())
    return identities
