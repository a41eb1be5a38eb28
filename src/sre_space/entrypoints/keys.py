"""`sre-space keys`: which keys are trusted, and new ones in place of old ones. Public parts only are ever shown."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from sre_space.bootstrap import keys as keyring
from sre_space.bootstrap.space_state import State
from sre_space.bootstrap.space_table import SIGNERS
from sre_space.entrypoints.options import StateOption

keys = typer.Typer(no_args_is_help=True, help="The keys that facts are signed with.")
out = Console()


@keys.command(name="list")
def list_keys(state: StateOption) -> None:
    """List every key that is or was trusted."""
    table = Table("owner", "key", "retired")
    for key in keyring.listed(State(state.resolve())):
        at = "" if key.retired is None else datetime.fromtimestamp(key.retired / 1e9, UTC).isoformat(timespec="seconds")
        table.add_row(key.owner, key.key_id, at)
    out.print(table)


@keys.command()
def rotate(
    state: StateOption, agent: Annotated[str | None, typer.Option("--agent", help="Only this one's key.")] = None
) -> None:
    """Replace keys; open incidents go on, and what the old keys signed until now stays valid."""
    for owner in (agent,) if agent is not None else SIGNERS:
        done = keyring.rotate(State(state.resolve()), owner)
        told = f", retired {', '.join(done.retired)}" if done.retired else ""
        out.print(f"{done.owner} signs with {done.key_id}{told}{'; started anew' if done.restarted else ''}")
