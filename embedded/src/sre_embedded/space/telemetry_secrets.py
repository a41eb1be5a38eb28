"""The secrets of a space's telemetry: a token for each exporting process, and the MAC key of records on the bus.

`sre-space up` makes new tokens each time. The key is kept, so that earlier records on the bus are still accepted.
"""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from sre_embedded.servers.telemetry.tokens import Tokens, render
from sre_embedded.space.processes import Process
from sre_space.bootstrap.record_key import KEY_BYTES, read_private, read_record_key
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Malformed
from sre_space.state_files import write_private

TOKEN = "sre_otlp_"  # prefix of a token, by which a leaked one is recognised and redacted (`text/prose.py`)


def make_secrets(state: SpaceState, processes: Iterable[Process]) -> Mapping[str, str]:
    """Return a new token by process, for each that exports; write their SHA-256 for the telemetry server.

    Raise `Malformed` when the existing MAC key is damaged.
    """
    tokens = {process.name: f"{TOKEN}{secrets.token_hex(24)}" for process in processes if process.exports_as}
    names = {tokens[process.name]: [process.exports_as] for process in processes if process.exports_as}
    write_private(state.telemetry_tokens, render(names))
    if not state.record_key.exists():
        write_private(state.record_key, secrets.token_hex(KEY_BYTES))
    read_record_key(state.record_key)
    return tokens


def read_tokens(path: Path | None) -> Tokens | None:
    """Return which token is for which services; None when no token is required.

    Raise `Malformed` with the setting, the file and the remedy when the file cannot be used.
    """
    if path is None:
        return None
    text = read_private("TELEMETRY_TOKENS_FILE", path)
    try:
        return Tokens.parse(text)
    except Malformed as error:
        raise Malformed(f"TELEMETRY_TOKENS_FILE {path}: {error}") from error
