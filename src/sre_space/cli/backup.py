"""`sre-space backup` and `sre-space restore`: one file with what a space cannot make again."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from sre_space.backup.contents import STREAM
from sre_space.bootstrap.space import backups
from sre_space.bootstrap.space.backups import Unaudited
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.audit import summary
from sre_space.cli.screen import err, out
from sre_space.domain.disk_space import MEGABYTE
from sre_space.exits import FAILED
from sre_space.settings import REPO_NAME, REPO_OWNER


def backup(file: Path, state: Path) -> None:
    """Write a back-up of the state folder, and print what it holds."""
    held = backups.write(SpaceState(state), file)
    size = f"{len(held.files)} files, {held.size / MEGABYTE:.1f} MB"
    text = f"{file}: {size}; it holds private keys: keep it as secret as them"
    (err if file == STREAM else out).print(text, markup=False, highlight=False, soft_wrap=True)


def restore(file: Path, state: Path, without_keys: bool) -> int:
    """Restore a back-up, audit its issues, and print both; return 1 when an accepted fact is broken."""
    paths = SpaceState(state)
    held = backups.restore(file, paths, not without_keys)
    made = datetime.fromtimestamp(held.made / 1e9, UTC).isoformat(timespec="seconds")
    out.print(f"{len(held.files)} files of {made} are restored in {paths.root}", markup=False, highlight=False,
              soft_wrap=True)  # fmt: skip
    if paths.halt.exists():
        out.print("halted: no action is taken until `sre-space resume`", markup=False, highlight=False)
    wanted = f"{os.environ.get('REPO_OWNER') or REPO_OWNER}/{os.environ.get('REPO_NAME') or REPO_NAME}"
    result = asyncio.run(backups.audit(paths, wanted))
    if isinstance(result, Unaudited):
        out.print(f"not audited: {result.reason}", markup=False, highlight=False, soft_wrap=True)
        return 0
    out.print(summary(result), markup=False, highlight=False)
    if result.broken:
        err.print("sre-space: the back-up was restored, and an accepted fact is broken; see: sre-space audit",
                  markup=False, highlight=False, soft_wrap=True)  # fmt: skip
        return FAILED
    out.print("start it with: sre-space up; then build Memory's index with: sre-space memory rebuild",
              markup=False, highlight=False, soft_wrap=True)  # fmt: skip
    return 0
