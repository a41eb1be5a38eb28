"""The keys of a space: listed, and replaced while incidents are open.

1. A new key is trusted, then takes the place of the old one on disk.
2. The agent is started anew, if the space runs: from now on it signs with the new key.
3. The old key is retired: it verifies what was signed until now, and nothing later.

Interrupted anywhere, all keys that anybody signs with are trusted; doing it again finishes it.
"""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.adapters.ed25519 import TrustedKey, TrustFolder, replace_key, retire_others
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.processes import AGENTS, SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Malformed, Refused


@dataclass(frozen=True)
class Rotation:
    """What was done for one signer; `restarted` is False when nobody runs who holds the key."""

    owner: str
    key_id: str
    retired: tuple[str, ...]
    restarted: bool


def listed(state: SpaceState) -> Sequence[TrustedKey]:
    """Every key that is or was trusted."""
    return TrustFolder(state.trust).listed()


def rotate(state: SpaceState, owner: str) -> Rotation:
    """Give a signer a new key; `Malformed` for a name that signs nothing, or a state folder without keys."""
    if owner not in SIGNERS:
        raise Malformed(f"{owner!r} signs nothing; there are: {', '.join(SIGNERS)}")
    path, trust = state.key(owner), state.trust
    if not path.exists():
        raise Malformed(f"{path} is not there yet; `sre-space up` makes the keys")
    key = replace_key(path, trust, owner)
    restarted = owner in AGENTS and _restart(state, owner)
    retired = retire_others(path, trust, owner, time.time_ns())
    return Rotation(owner, key.key_id, tuple(one.key_id for one in retired), restarted)


def _restart(state: SpaceState, agent: str) -> bool:
    """A fact that is under way has been signed before, and waits in the outbox."""
    running = state.record()
    if running is None or not running.alive:
        return False
    with contextlib.suppress(Refused):  # it is down at this moment
        space_supervisor.call(running.socket, "stopProcess", agent)
    space_supervisor.start(running.socket, agent)
    return True
