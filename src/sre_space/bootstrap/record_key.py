"""The key of the MAC of telemetry records on the bus, and how a private file that a setting names is read."""

import os
from pathlib import Path

from sre_space.domain.errors import Malformed

KEY_BYTES = 32


def read_record_key(path: Path | None) -> bytes | None:
    """Return the MAC key of records on the bus, None when they have no MAC; raise `Malformed` with its setting."""
    if path is None:
        return None
    key = read_private("TELEMETRY_RECORD_KEY_FILE", path).strip().encode()
    if len(key) < KEY_BYTES:
        remedy = f"make one with: openssl rand -hex {KEY_BYTES}"
        raise Malformed(f"TELEMETRY_RECORD_KEY_FILE {path} holds less than {KEY_BYTES} characters; {remedy}")
    return key


def read_private(setting: str, path: Path) -> str:
    """Return the text of a file that only its owner may read; raise `Malformed` with the setting and the remedy."""
    try:
        with path.open() as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise Malformed(f"{setting} {path} can be read by others; run: chmod 600 {path}")
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise Malformed(f"{setting} {path}: {reason}; `sre-space up` makes it") from error
