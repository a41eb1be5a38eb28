"""Back-ups of a space for the command line: written while it runs; restored, and then audited from its issues."""

import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from sre_space.adapters.ed25519 import KeyFile, TrustFolder
from sre_space.backup.manifest import Manifest
from sre_space.backup.restoring import restore_backup
from sre_space.backup.writing import write_backup
from sre_space.bootstrap.space import restored_forge
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.paths import StatePaths
from sre_space.record.audit import Audit, Auditor
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders
from sre_space.state_files import remove


@dataclass(frozen=True)
class Unaudited:
    """Why the issues of a restored space were not audited, and what to do."""

    reason: str


def write(state: StatePaths, target: Path) -> Manifest:
    """Write a back-up and return what it holds; raise as `write_backup` does."""
    return write_backup(state, target, time.time_ns(), version("sre-space"))


def restore(source: Path, state: StatePaths, with_keys: bool) -> Manifest:
    """Restore a back-up whose keys are trusted, and return what it held; raise as `restore_backup` does.

    Without keys those who start there make new ones, and what the old ones signed until now stays valid.
    """
    return restore_backup(source, state, check_keys if with_keys else leave_keys_out)


def leave_keys_out(state: StatePaths) -> None:
    """Remove the private keys, and retire the public ones, which nobody signs with there."""
    check_keys(state)
    remove(state.keys)
    trust, now = TrustFolder(state.trust), time.time_ns()
    for key in trust.listed():
        if key.retired is None:
            trust.trust(replace(key, retired=now))


def check_keys(state: StatePaths) -> None:
    """Raise `Malformed` for a key that is damaged, readable by others, or not trusted as its owner's."""
    trust = TrustFolder(state.trust)
    for owner in SIGNERS:
        if state.key(owner).exists():
            trust.refuse_unless(KeyFile.load(state.key(owner)), owner)


async def audit(state: StatePaths, wanted: str) -> Audit | Unaudited:
    """Return the audit of a restored space's issues by its trusted keys; `wanted` is its repository, of several.

    The issues of an external forge are not in a back-up, and are audited where it is named.
    """
    found = restored_forge.repositories(state)
    if not state.issues.exists() or not found:
        return Unaudited(
            "the back-up holds no issues: those of an external forge are there still; run: sre-space audit"
        )
    if not restored_forge.is_installed():
        return Unaudited(
            "the embedded forge is not installed here: pip install sre-embedded, then run: sre-space audit"
        )
    async with restored_forge.restored_forge(state, wanted if wanted in found else found[0]) as access:
        forge = access.forge()
        trust, writers = TrustFolder(state.trust), access.writers()
        try:
            incidents = IncidentRepository(forge, trust, access.repository)
            return await Auditor(incidents, IssueOrders(forge, trust, writers, access.repository)).audit()
        finally:
            await forge.close()
            await writers.close()
