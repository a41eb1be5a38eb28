"""The repository of a live space's embedded forge, on disk: what nobody but a test reads there."""

from pathlib import Path

import pygit2

from sre_space.bootstrap.space.state import Running, SpaceState


def repository(state: SpaceState, running: Running) -> Path:
    """Where the embedded forge keeps the repository of a space."""
    owner, _, repo = running.repository.partition("/")
    return state.root / "forge" / owner / f"{repo}.git"


def main_at(path: Path) -> str:
    """Return the id of the commit that main names now."""
    return str(pygit2.Repository(str(path)).references["refs/heads/main"].target)
