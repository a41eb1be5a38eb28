"""A small disk that can be filled: for tests of what a full one does. Needs root, on Linux."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHUNK = b"\0" * 65536


@dataclass(frozen=True)
class SmallDisk:
    """A mounted tmpfs."""

    root: Path

    def fill(self) -> None:
        """To the last byte."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (len(CHUNK), 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(CHUNK[:size]) == size:
                        pass

    def free(self) -> None:
        """There is room again."""
        self._filler.unlink(missing_ok=True)
        shutil.rmtree(self._inodes, ignore_errors=True)

    def use_all_inodes(self) -> None:
        """No file can be made any more."""
        with contextlib.suppress(OSError):
            self._inodes.mkdir()
            for number in range(10**6):
                (self._inodes / str(number)).touch()

    def read_only(self, yes: bool = True) -> None:
        """As a kernel does after errors of the disk; refused while a file is open for writing."""
        self._mount("-o", f"remount,{'ro' if yes else 'rw'}", str(self.root))

    @property
    def _filler(self) -> Path:
        return self.root / "filler"

    @property
    def _inodes(self) -> Path:
        return self.root / "inodes"

    @staticmethod
    def _mount(*words: str) -> None:
        subprocess.run(["mount", *words], check=True, capture_output=True)


@contextlib.contextmanager
def small_disk(root: Path, megabytes: float, inodes: int = 0) -> Iterator[SmallDisk]:
    """Mount one at a folder; skips the test where that is not allowed."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk is mounted by root on Linux")
    root.mkdir(parents=True, exist_ok=True)
    options = f"size={int(megabytes * 1024)}k" + (f",nr_inodes={inodes}" if inodes else "")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine lets nobody mount a disk: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(root.resolve())
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True, capture_output=True)
