"""Damages files of a space's state folder as crashes, disks and people do; seeded, so that a run can be repeated."""

import os
import random
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path


class Damage(StrEnum):
    """What became of a file."""

    EMPTY = "cut to nothing"
    FIRST_BYTES = "its first bytes are garbage"
    GARBAGE = "all of it is garbage"
    HALF_LINE = "half a line more at its end"
    CUT_SHORT = "its last bytes are gone"
    FLIPPED = "one bit is turned over"
    FOLDER = "a folder in its place"
    NOT_UTF8 = "bytes that are no text in its middle"
    UNREADABLE = "of mode 000"


def damage_file(path: Path, damage: Damage, seed: int = 1) -> None:
    """Damage what lies at `path`; of a folder, where it is one, every file in it."""
    if path.is_dir() and damage is not Damage.UNREADABLE:
        for inside in sorted(path.rglob("*")):
            if inside.is_file():
                damage_file(inside, damage, seed)
        return
    match damage:
        case Damage.FOLDER:
            path.unlink(missing_ok=True)
            path.mkdir()
            (path / "something").write_text("in it")
        case Damage.UNREADABLE:
            path.chmod(0)
        case _:
            mode = path.stat().st_mode
            path.chmod(mode | 0o200)
            path.write_bytes(_damaged(path.read_bytes(), damage, random.Random(seed)))
            path.chmod(mode)


def bites(damage: Damage) -> bool:
    """Return whether the damage has any effect for this user: root reads a file whatever its mode is."""
    return damage is not Damage.UNREADABLE or os.geteuid() != 0


def damageable(state: Path) -> Sequence[Path]:
    """Every file of a state folder, by name: for a suite that draws one."""
    return sorted(path for path in state.rglob("*") if path.is_file() and not path.is_symlink())


def replace_by_file(folder: Path) -> None:
    """Put a file where a folder was."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("no folder")


def _damaged(content: bytes, damage: Damage, draw: random.Random) -> bytes:
    middle = len(content) // 2
    match damage:
        case Damage.EMPTY:
            return b""
        case Damage.FIRST_BYTES:
            return draw.randbytes(min(64, len(content))) + content[64:]
        case Damage.GARBAGE:
            return draw.randbytes(max(64, len(content)))
        case Damage.HALF_LINE:
            last = content.splitlines(keepends=True)[-1] if content else b'{"half": '
            return content + last[: max(1, len(last) // 2)]
        case Damage.CUT_SHORT:
            return content[: -max(1, len(content) // 10)]
        case Damage.FLIPPED:
            if not content:
                return b"\1"
            bit = draw.randrange(len(content) * 8)
            return content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]
        case Damage.NOT_UTF8:
            return content[:middle] + b"\xff\xfe\xfd" + content[middle:]
        case _:
            raise ValueError(damage)
