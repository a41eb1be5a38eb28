"""A file is replaced whole, and lasts: the order of what is done, and the old one where something of it fails."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sre_space.files import replace_file


def test_the_content_lasts_before_the_name_does_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, calls = tmp_path / "file", list[str]()
    fsync, replace, write = os.fsync, os.replace, os.open

    def opened(name: os.PathLike[str], flags: int, mode: int = 0o777) -> int:
        calls.append("read the folder" if Path(name) == tmp_path else "write beside")
        return write(name, flags, mode)

    def flushed(descriptor: int) -> None:
        calls.append("flush the folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "flush the file")
        fsync(descriptor)

    def renamed(old: os.PathLike[str], new: os.PathLike[str]) -> None:
        assert Path(old).read_bytes() == b"content"
        calls.append(f"name it {Path(new).name}")
        replace(old, new)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    replace_file(path, b"content")

    expected = ["write beside", "flush the file", "name it file", "read the folder", "flush the folder"]
    assert calls == expected
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def fails(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize(("name", "broken"), [("fsync", fails), ("replace", fails), ("open", fails)])
def test_what_fails_leaves_the_old_file_and_nothing_beside_it(
    name: str, broken: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, name, broken)
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            replace_file(path, b"new")

    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"file": b"old"}


def test_what_a_killed_process_of_the_same_number_left_beside_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / f"file.{os.getpid()}.new").write_bytes(b"half")

    replace_file(tmp_path / "file", b"whole")

    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"whole")]
