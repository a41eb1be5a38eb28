"""`sre-space memory`: the index that Memory finds incidents by."""

import asyncio

import typer
from rich.console import Console

from sre_space.bootstrap import memory_index
from sre_space.bootstrap.space_state import State
from sre_space.entrypoints.options import StateOption

memory = typer.Typer(no_args_is_help=True, help="The index that Memory finds incidents by.")
out = Console()


@memory.callback()
def _group() -> None:
    """Keep `rebuild` a command of a group, though it is the only one."""


@memory.command()
def rebuild(state: StateOption) -> None:
    """Index every lesson anew from the issues, with what came of it since."""
    count = asyncio.run(memory_index.rebuild(State(state.resolve())))
    out.print(f"{count} lessons indexed", highlight=False)
