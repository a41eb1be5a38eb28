"""`sre-space memory`: the index in which Memory finds similar incidents."""

import asyncio
from pathlib import Path

from sre_space.bootstrap import memory_index
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.screen import out


def rebuild(state: Path) -> None:
    """Rebuild the index of lessons, and print their number."""
    count = asyncio.run(memory_index.rebuild(SpaceState(state)))
    out.print(f"{count} lesson{'' if count == 1 else 's'} indexed", highlight=False)
