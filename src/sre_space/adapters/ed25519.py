"""Ed25519 keys and the trust store: fulfils `ports.signing` (RFC 8032, with `cryptography`).

Private keys are files of mode 0600 outside the repository; public keys are one JSON file each in the trust folder:
`owner`, `public` (hex), and `retired` (Unix ns) once another key has taken its place. A retired key still verifies what
says that it was signed before: an incident that was open while the keys were rotated goes on.
"""

import hashlib
import json
import os
import re
from collections.abc import Sequence
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
class TrustedKey:
    """A public key of the trust store; `retired` (Unix ns) is None while its owner signs with it."""

    key_id: str
    owner: str
    public: bytes
    retired: int | None


@dataclass(frozen=True)
class TrustFolder:
    """Public keys by id, read at each question: a rotated key counts at once."""

    folder: Path

    def owner(self, key_id: str, message: bytes, signature: bytes, at: int) -> str | None:
        """The owner whose key verifies; None for anything else."""
        try:
            key = self._read(key_id) if _KEY_ID.fullmatch(key_id) else None
            if key is None or (key.retired is not None and at >= key.retired):
                return None
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        except (OSError, ValueError, KeyError, TypeError, InvalidSignature):
            return None
        return key.owner

    def listed(self) -> Sequence[TrustedKey]:
        """Every key, by owner; `Malformed` names a file that is none."""
        found = []
        for path in self.folder.glob("*.json"):
            try:
                found.append(self._read(path.stem))
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise Malformed(f"{path} is no trusted key: {error!r}; remove it") from error
        return sorted(found, key=lambda key: (key.owner, key.retired is None, key.retired or 0, key.key_id))

    def trust(self, key: TrustedKey) -> None:
        """Write a key's entry at once: readers see the old or the new one."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry: dict[str, str | int] = {"owner": key.owner, "public": key.public.hex()}
        entry |= {} if key.retired is None else {"retired": key.retired}
        _write_private(self.folder / f"{key.key_id}.json", json.dumps(entry).encode())

    def _read(self, key_id: str) -> TrustedKey:
        entry = json.loads((self.folder / f"{key_id}.json").read_text())
        if not isinstance(entry, dict):
            raise ValueError("not a JSON object")
        retired = entry.get("retired")
        public = bytes.fromhex(entry["public"])
        return TrustedKey(key_id, str(entry["owner"]), public, None if retired is None else int(retired))


def make_key(path: Path, trust: Path, owner: str) -> KeyFile:
    """The key at `path`, made if absent, and trusted as `owner`'s."""
    try:
        path.lstat()
    except FileNotFoundError:
        return replace_key(path, trust, owner)
    key = KeyFile.load(path)
    TrustFolder(trust).trust(TrustedKey(key.key_id, owner, key.public, None))
    return key


def replace_key(path: Path, trust: Path, owner: str) -> KeyFile:
    """A new key at `path`, trusted before anybody can sign with it; the one before it stays trusted too."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    key = KeyFile(private)
    TrustFolder(trust).trust(TrustedKey(key.key_id, owner, key.public, None))
    _write_private(path, private.private_bytes_raw())
    return key


def retire_others(path: Path, trust: Path, owner: str, at: int) -> Sequence[TrustedKey]:
    """Retire at a Unix ns every key of `owner` but the one at `path`; those that were not retired before."""
    current, folder = KeyFile.load(path).key_id, TrustFolder(trust)
    old = [key for key in folder.listed() if key.owner == owner and key.key_id != current and key.retired is None]
    for key in old:
        folder.trust(TrustedKey(key.key_id, key.owner, key.public, at))
    return old


def _write_private(path: Path, content: bytes) -> None:
    """A file of mode 0600, whole and flushed before it has its name."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
