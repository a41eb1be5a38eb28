"""`sre-space keys`: lists and rotates the signing keys. Only public keys are shown."""

from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from sre_space.bootstrap.space import keys as keyring
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.screen import out


def list_keys(state: Path) -> None:
    """Print every trusted or retired key."""
    table = Table("owner", "key", "retired")
    for key in keyring.listed(SpaceState(state)):
        at = "" if key.retired is None else datetime.fromtimestamp(key.retired / 1e9, UTC).isoformat(timespec="seconds")
        table.add_row(key.owner, key.key_id, at)
    out.print(table)


def make(state: Path, agent: str | None) -> None:
    """Make the missing keys of one agent, or of every signer."""
    for owner in (agent,) if agent is not None else SIGNERS:
        out.print(f"{owner} signs with {keyring.make(SpaceState(state), owner)}")


def rotate(state: Path, agent: str | None) -> None:
    """Replace the key of one agent, or of every signer; what the old keys signed until now stays valid."""
    for owner in (agent,) if agent is not None else SIGNERS:
        rotation = keyring.rotate(SpaceState(state), owner)
        retired = f", retired {', '.join(rotation.retired)}" if rotation.retired else ""
        out.print(
            f"{rotation.owner} signs with {rotation.key_id}{retired}{'; restarted' if rotation.restarted else ''}"
        )
