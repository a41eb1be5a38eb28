"""The keys of a space: their list, and their rotation while incidents are open.

1. The new key is trusted, then replaces the old one on disk.
2. The agent is restarted, if the space runs: from now on it signs with the new key.
3. The old key is retired: it verifies what was signed until now, and nothing later.

After an interruption at any step, every key in use is trusted; a second rotation completes the first.
"""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.adapters.ed25519 import TrustedKey, TrustFolder, make_key, replace_key, retire_others
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Malformed, Refused


@dataclass(frozen=True)
class Rotation:
    """The rotation of one signer's key; `restarted` is False when no running process holds the key."""

    owner: str
    key_id: str
    retired: tuple[str, ...]
    restarted: bool


def listed(state: SpaceState) -> Sequence[TrustedKey]:
    """Return every trusted or retired key."""
    return TrustFolder(state.trust).listed()


def make(state: SpaceState, owner: str) -> str:
    """Return the id of a signer's key, made where it is missing.

    Raise `Malformed` when `owner` is no signer, `Refused` when its trusted key has its private part elsewhere.
    """
    if owner not in SIGNERS:
        raise Malformed(f"{owner!r} is not a signer; there are: {', '.join(SIGNERS)}")
    path, trusted = state.key(owner), [key for key in listed(state) if key.owner == owner and key.retired is None]
    if trusted and not path.exists():
        raise Refused(
            f"the key {trusted[0].key_id} of {owner} is trusted, and its private part is not in {state.keys}: copy it "
            f"there, or give {owner} a new one where it is: sre-space keys rotate --agent {owner}"
        )
    return make_key(path, state.trust, owner).key_id


def rotate(state: SpaceState, owner: str) -> Rotation:
    """Give a signer a new key; raise `Malformed` when `owner` is not a signer or the state folder has no keys."""
    if owner not in SIGNERS:
        raise Malformed(f"{owner!r} is not a signer; there are: {', '.join(SIGNERS)}")
    path, trust = state.key(owner), state.trust
    if not path.exists():
        raise Malformed(f"{path} does not exist yet; `sre-space up` creates the keys, as `sre-space keys make` does")
    key = replace_key(path, trust, owner)
    restarted = owner in AGENTS and _restart(state, owner)
    retired = retire_others(path, trust, owner, time.time_ns())
    return Rotation(owner, key.key_id, tuple(old.key_id for old in retired), restarted)


def _restart(state: SpaceState, agent: str) -> bool:
    """Restart an agent and return True; False when no space runs. A fact under way is signed already, in its outbox."""
    running = state.record()
    if running is None or not running.alive:
        return False
    with contextlib.suppress(Refused):  # the agent is not running
        space_supervisor.call(running.socket, "stopProcess", agent)
    space_supervisor.start(running.socket, agent)
    return True
