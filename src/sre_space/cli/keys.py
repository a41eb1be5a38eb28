"""`sre-space keys`: which keys are trusted, and new ones in place of old ones. Public parts only are ever shown."""

from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from sre_space.bootstrap.space import keys as keyring
from sre_space.bootstrap.space.processes import SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.screen import out


def list_keys(state: Path) -> None:
    """List every key that is or was trusted."""
    table = Table("owner", "key", "retired")
    for key in keyring.listed(SpaceState(state)):
        at = "" if key.retired is None else datetime.fromtimestamp(key.retired / 1e9, UTC).isoformat(timespec="seconds")
        table.add_row(key.owner, key.key_id, at)
    out.print(table)


def rotate(state: Path, agent: str | None) -> None:
    """Replace keys; open incidents go on, and what the old keys signed until now stays valid."""
    for owner in (agent,) if agent is not None else SIGNERS:
        done = keyring.rotate(SpaceState(state), owner)
        told = f", retired {', '.join(done.retired)}" if done.retired else ""
        out.print(f"{done.owner} signs with {done.key_id}{told}{'; started anew' if done.restarted else ''}")
