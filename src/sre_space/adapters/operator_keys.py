"""The keys of people, each encrypted with its token: fulfils `ports.people.People`.

A token has 256 random bits, so HKDF-SHA256 (RFC 5869) makes the encrypting key of it; AES-256-GCM encrypts the Ed25519
key with the name as associated data. Without a token nobody can sign, whatever they read of this folder. The public key
is trusted as `operator:NAME`; its orders are limited in `record/orders.py`.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sre_space.adapters.ed25519 import KeyFile, TrustedKey, TrustFolder
from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.people import owner_of
from sre_space.files import replace_file
from sre_space.ports.people import Person

PREFIX = "sre_op_"
MAX_PEOPLE = 100
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TOKEN = re.compile(rf"{PREFIX}([0-9a-f]{{64}})_([a-z][a-z0-9-]{{0,30}})")
_INFO = b"sre-space operator key v1"


@dataclass(frozen=True)
class OperatorKeys:
    """One file a person in `folder`, and their public keys in the trust store."""

    folder: Path
    trust: TrustFolder

    def add(self, name: str) -> str:
        """Make a person's key and return the token, which is kept nowhere; raise `Malformed` for a taken name."""
        if not _NAME.fullmatch(name):
            raise Malformed(f"{name[:40]!r} is no name of a person: a letter, then letters, digits or -, at most 31")
        if self._path(name).exists():
            raise Malformed(f"{name} is a person already; a new token needs: sre-space operators remove {name}")
        if len(self.names()) >= MAX_PEOPLE:
            raise Malformed(f"there are {MAX_PEOPLE} people already; remove one with: sre-space operators remove NAME")
        secret, salt, nonce = secrets.token_bytes(32), os.urandom(16), os.urandom(12)
        private = Ed25519PrivateKey.generate()
        key = KeyFile(private)
        wrapped = AESGCM(_key(secret, salt)).encrypt(nonce, private.private_bytes_raw(), name.encode())
        parts = {"salt": salt.hex(), "nonce": nonce.hex(), "key": wrapped.hex(), "key_id": key.key_id}
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.trust.trust(TrustedKey(key.key_id, owner_of(name), key.public, None))
        replace_file(self._path(name), json.dumps(parts).encode())
        return f"{PREFIX}{secret.hex()}_{name}"

    def remove(self, name: str) -> None:
        """Remove a person: the token signs nothing any more, and earlier orders still verify; raise `Missing`."""
        path = self._path(name)
        if not _NAME.fullmatch(name) or not path.exists():
            raise Missing(f"there is no person {name[:40]!r}; there are: {', '.join(self.names()) or 'none'}")
        at = time.time_ns()
        for key in self.trust.listed():
            if key.owner == owner_of(name) and key.retired is None:
                self.trust.trust(replace(key, retired=at))
        path.unlink()

    def names(self) -> Sequence[str]:
        """Return the names of all people."""
        return sorted(path.stem for path in self.folder.glob("*.json") if _NAME.fullmatch(path.stem))

    async def of(self, token: str) -> Person | None:
        """Return whom a token names, with the unlocked key; None for an unknown or damaged one."""
        parsed = _TOKEN.fullmatch(token)
        if parsed is None:
            return None
        secret, name = bytes.fromhex(parsed[1]), parsed[2]
        try:
            parts = json.loads(self._path(name).read_text())
            salt, nonce, wrapped = (bytes.fromhex(parts[field]) for field in ("salt", "nonce", "key"))
            private = AESGCM(_key(secret, salt)).decrypt(nonce, wrapped, name.encode())
            return Person(name, KeyFile(Ed25519PrivateKey.from_private_bytes(private)))
        except (OSError, ValueError, KeyError, TypeError, InvalidTag):
            return None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def _key(secret: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, _INFO).derive(secret)
