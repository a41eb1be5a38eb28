"""Ed25519 keys and the trust store: fulfils `ports.signing` (RFC 8032, with `cryptography`).

Private keys are files of mode 0600 outside the repository; public keys are one JSON file each in the trust folder:
`owner`, `public` (hex), and `retired` (Unix ns) once another key has replaced it. A retired key still verifies messages
dated before that time, so incidents that were open during a rotation stay valid.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sre_space.domain.errors import Damaged, Malformed
from sre_space.files import replace_file

_KEY_ID = re.compile(r"[0-9a-f]{16}")
_READ_ERRORS = (OSError, ValueError, KeyError, TypeError, RecursionError)
_RESTORE = "restore a copy of it; if there is none, remove it: facts signed with this key do not count then"


@dataclass(frozen=True)
class KeyFile:
    """The private key of an agent, which signs its facts."""

    private: Ed25519PrivateKey

    @classmethod
    def load(cls, path: Path) -> "KeyFile":
        """Return the key in a file; raise `Malformed` if it is missing, invalid, or readable by other users."""
        try:
            if path.is_dir():
                raise Malformed(f"{path} is a folder, not a key; remove it and run `sre-space up`")
            if path.stat().st_mode & 0o077:
                raise Malformed(f"{path} can be read by others; run: chmod 600 {path}")
            raw = path.read_bytes()
        except OSError as error:
            raise Malformed(f"{path}: {error.strerror}; if no key is there, `sre-space up` makes a new one") from error
        if len(raw) != 32:
            raise Malformed(f"{path} is not an Ed25519 key of 32 bytes; remove it and run `sre-space up`")
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @property
    def public(self) -> bytes:
        """Return the public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Return the first 16 hex digits of the public key's SHA-256."""
        return _id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes."""
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
    """The folder of trusted public keys, read at every call, so that a rotation takes effect at once."""

    folder: Path

    def owner(self, key_id: str, message: bytes, signature: bytes, at: int) -> str | None:
        """Return the owner of the key if the signature of a message dated `at` (Unix ns) verifies, else None.

        Raise `Damaged` when the key's entry cannot be read: the facts signed with the key then count as unverified,
        not as absent.
        """
        key = self._known(key_id) if _KEY_ID.fullmatch(key_id) else None
        if key is None or (key.retired is not None and at >= key.retired):
            return None
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
        except (ValueError, InvalidSignature):
            return None
        return key.owner

    def _known(self, key_id: str) -> TrustedKey | None:
        try:
            return self._read(key_id)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except _READ_ERRORS as error:
            raise Damaged(f"{self._path(key_id)} is not a trusted key: {error}; {_RESTORE}") from error

    def has(self, key_id: str) -> bool:
        """Return True when the folder has an entry for this key, readable or not."""
        return self._path(key_id).exists()

    def refuse_unless(self, key: KeyFile, owner: str) -> None:
        """Raise `Malformed` unless the key is trusted as `owner`'s, for no reader would accept its signatures."""
        entries = [
            entry for entry in self.listed() if (entry.key_id, entry.owner, entry.retired) == (key.key_id, owner, None)
        ]
        if not entries:
            raise Malformed(
                f"the key of {owner} ({key.key_id}) is not trusted in {self.folder}: restore a copy of the key, or "
                f"run `sre-space keys rotate --agent {owner}`"
            )

    def listed(self, besides: str = "") -> Sequence[TrustedKey]:
        """Return all keys by owner; raise `Malformed` for an invalid entry, except that of the key `besides`."""
        keys = []
        for path in self.folder.glob("*.json"):
            if path.stem == besides:
                continue
            try:
                keys.append(self._read(path.stem))
            except _READ_ERRORS as error:
                raise Malformed(f"{path} is not a trusted key: {error}; {_RESTORE}") from error
        return sorted(keys, key=lambda key: (key.owner, key.retired is None, key.retired or 0, key.key_id))

    def trust(self, key: TrustedKey) -> None:
        """Write a key's entry atomically: readers see the old or the new one."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry: dict[str, str | int] = {"owner": key.owner, "public": key.public.hex()}
        entry |= {} if key.retired is None else {"retired": key.retired}
        replace_file(self.folder / f"{key.key_id}.json", json.dumps(entry).encode())

    def _read(self, key_id: str) -> TrustedKey:
        entry = json.loads(self._path(key_id).read_text())
        if not isinstance(entry, dict) or not {"owner", "public"} <= entry.keys():
            raise ValueError("it is not a JSON object with `owner` and `public`")
        retired = entry.get("retired")
        public = bytes.fromhex(entry["public"])
        if _id_of(public) != key_id:
            raise ValueError("its public key is not the one that the file is named after")
        return TrustedKey(key_id, str(entry["owner"]), public, None if retired is None else int(retired))

    def _path(self, key_id: str) -> Path:
        return self.folder / f"{key_id}.json"


def make_key(path: Path, trust: Path, owner: str) -> KeyFile:
    """Return the key at `path`, made if absent and trusted as `owner`'s; raise `Malformed` if another key is."""
    try:
        path.lstat()
    except FileNotFoundError:
        return replace_key(path, trust, owner)
    key, folder = KeyFile.load(path), TrustFolder(trust)
    others = [entry for entry in folder.listed(besides=key.key_id) if entry.owner == owner and entry.retired is None]
    if others and not folder.has(key.key_id):
        raise Malformed(
            f"{path} is not the key that is trusted as {owner}'s: restore a copy of it, or remove it and run "
            "`sre-space up`, which makes a new one"
        )
    folder.trust(TrustedKey(key.key_id, owner, key.public, None))
    return key


def replace_key(path: Path, trust: Path, owner: str) -> KeyFile:
    """Return a new key, written to `path` after it is trusted; the previous key stays trusted too."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    key = KeyFile(private)
    TrustFolder(trust).trust(TrustedKey(key.key_id, owner, key.public, None))
    replace_file(path, private.private_bytes_raw())
    return key


def retire_others(path: Path, trust: Path, owner: str, at: int) -> Sequence[TrustedKey]:
    """Retire at `at` (Unix ns) all keys of `owner` except the one at `path`; return the keys that were retired now."""
    current, folder = KeyFile.load(path).key_id, TrustFolder(trust)
    old = [key for key in folder.listed() if key.owner == owner and key.key_id != current and key.retired is None]
    for key in old:
        folder.trust(TrustedKey(key.key_id, key.owner, key.public, at))
    return old


def _id_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]
