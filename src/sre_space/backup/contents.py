"""What a back-up holds of a state folder, in the order in which it is copied while the space runs.

Signed facts that are not posted yet come before the issues: one that is posted meanwhile is in both, and never in
neither. Refs of Git come before objects: every object that a copied ref needs existed when the ref was copied. The
bus, the telemetry, the index of lessons and what exists only while a space runs are left out: they are made again.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from sre_space.paths import StatePaths

STREAM = Path("-")  # stdin or stdout in the place of a back-up's file
_UNFINISHED = ("*.lock", "tmp_obj_*", "*.new", ".room.*")  # files that another process is writing


def files_of(state: StatePaths) -> Iterator[Path]:
    """Yield the files to copy as they are, in order; the database of issues, `state.issues`, is copied by itself."""
    yield from (path for path in (state.halt,) if path.is_file())
    for folder in (state.keys, state.trust, state.outboxes, state.calls, state.bundles, state.deploy):
        yield from _files(folder)
    yield from (path for path in (state.identities,) if path.is_file())
    for repository in sorted(state.forge.glob("*/*.git")):
        objects = repository / "objects"
        yield from (path for path in _files(repository) if objects not in path.parents)
        yield from _files(objects)  # listed only when the refs are copied


def is_kept(name: str) -> bool:
    """Return True for a path that a back-up may hold (with `/`, seen from the state folder)."""
    path = PurePosixPath(name)
    if path.is_absolute() or str(path) != name or ".." in path.parts:
        return False
    state = StatePaths(Path())
    folders = (state.keys, state.trust, state.outboxes, state.calls, state.bundles, state.deploy, state.forge)
    return path.parts == state.halt.parts or (len(path.parts) > 1 and Path(path.parts[0]) in folders)


def present(state: StatePaths) -> Iterator[Path]:
    """Yield what is there already of the files and folders that a back-up would put down."""
    names = (state.halt, state.keys, state.trust, state.outboxes, state.calls, state.bundles, state.deploy, state.forge)
    yield from (path for path in names if path.is_symlink() or path.is_file() or _holds_files(path))


def _holds_files(folder: Path) -> bool:
    return any(path.is_symlink() or not path.is_dir() for path in folder.rglob("*"))


def _files(folder: Path) -> list[Path]:
    """Return the finished regular files below a folder, in the order of their paths; none without the folder."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if not any(path.match(pattern) for pattern in _UNFINISHED))
