"""Ed25519 keys and the trust store: fulfils `ports.signing` (RFC 8032, with `cryptography`).

Private keys are files of mode 0600 outside the repository; public keys are one JSON file each
in the trust folder, so that several keys of one owner can be trusted while keys are rotated.
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sre_space.domain.errors import Malformed

_KEY_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class KeyFile:
    """One agent's private key."""

    private: Ed25519PrivateKey

    @classmethod
    def load(cls, path: Path) -> "KeyFile":
        """Read a key; refuses one that others can read."""
        try:
            if path.stat().st_mode & 0o077:
                raise Malformed(f"{path} can be read by others; run: chmod 600 {path}")
            raw = path.read_bytes()
        except OSError as error:
            raise Malformed(f"{path}: {error.strerror}; `sre-space up` makes the keys") from error
        if len(raw) != 32:
            raise Malformed(f"{path} is not an Ed25519 key of 32 bytes; remove it and run `sre-space up`")
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the public key's SHA-256."""
        return hashlib.sha256(self.public).hexdigest()[:16]

    def sign(self, message: bytes) -> bytes:
        """A signature of 64 bytes."""
        return self.private.sign(message)


@dataclass(frozen=True)
class TrustFolder:
    """Public keys by id, read at each question: a rotated key counts at once."""

    folder: Path

    def owner(self, key_id: str, message: bytes, signature: bytes) -> str | None:
        """The owner whose key verifies; None for anything else."""
        if not _KEY_ID.fullmatch(key_id):
            return None
        try:
            entry = json.loads((self.folder / f"{key_id}.json").read_text())
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(entry["public"]))
            public.verify(signature, message)
        except (OSError, ValueError, KeyError, InvalidSignature):
            return None
        return str(entry["owner"])


def make_key(path: Path, trust: Path, owner: str) -> KeyFile:
    """The key at `path`, made if absent, and trusted as `owner`'s."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    trust.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = KeyFile.load(path)
    else:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        key = KeyFile.load(path)
    entry = {"owner": owner, "public": key.public.hex()}
    (trust / f"{key.key_id}.json").write_text(json.dumps(entry))
    return key
