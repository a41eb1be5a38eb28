"""A back-up holds what a space cannot make again, byte for byte; nothing else is restored, and nothing overwritten."""

import errno
import gzip
import hashlib
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sre_space.adapters.ed25519 import TrustFolder, make_key
from sre_space.backup.contents import files_of, is_kept
from sre_space.backup.manifest import NAME
from sre_space.backup.restoring import restore_backup
from sre_space.backup.writing import write_backup
from sre_space.bootstrap.space.backups import check_keys, leave_keys_out
from sre_space.domain.errors import Malformed, Missing, Refused
from sre_space.paths import StatePaths
from sre_space.state_files import write_private

OBJECT = "forge/local/shop.git/objects/ab/cdef"


def made(root: Path) -> StatePaths:
    """Return a state folder as a space leaves it, with what a back-up leaves out."""
    state = StatePaths(root)
    for owner in ("scout", "fixer"):
        make_key(state.key(owner), state.trust, owner)
    texts = {
        "halt": "", "outbox/scout/01ABC.json": "{}", "bundles/x.tar.xz": "x", "deploy/deployments.jsonl": "{}\n",
        "forge/identities.json": "[]", "forge/local/shop.git/HEAD": "ref: refs/heads/main",
        "forge/local/shop.git/refs/heads/main": "c0ffee", OBJECT: "blob", "calls/x": "",
        "bus/records": "left out", "logs/scout.log": "left out", "run/space.json": "{}", "chroma/chroma.sqlite3": "",
        "forge/local/shop.git/refs/heads/main.lock": "unfinished", "outbox/scout/01ABC.json.12.new": "unfinished",
    }  # fmt: skip
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, text)
    (root / OBJECT).chmod(0o444)
    with closing(sqlite3.connect(state.issues)) as database, database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE issues (title)")
        database.execute("INSERT INTO issues VALUES ('an incident')")
    return state


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> StatePaths:
    return made(tmp_path / "state")


@pytest.fixture(name="file")
def _file(state: StatePaths, tmp_path: Path) -> Path:
    path = tmp_path / "space.backup"
    write_backup(state, path, 1, "9.9")
    return path


def files(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return permissions and content of each file below a folder."""
    return {
        path.relative_to(root).as_posix(): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


def nothing(_: StatePaths) -> None:
    """Check nothing."""


def test_what_is_restored_is_what_was_there_with_its_permissions_and_nothing_else(
    state: StatePaths, file: Path, tmp_path: Path
) -> None:
    again = StatePaths(tmp_path / "again")

    manifest = restore_backup(file, again, check_keys)

    before, after = files(state.root), files(again.root)
    database = "forge/forge.db"
    kept = {path.relative_to(state.root).as_posix() for path in files_of(state)}
    assert set(after) == set(manifest.files) == kept | {database}
    assert {name: entry for name, entry in after.items() if name != database} == {name: before[name] for name in kept}
    assert not any("unfinished" in content.decode(errors="replace") for _, content in after.values())
    assert {stat.S_IMODE(path.stat().st_mode) for path in again.root.rglob("*") if path.is_dir()} == {0o700}
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(again.key("fixer").stat().st_mode) == 0o600
    assert after[OBJECT][0] == 0o444
    with closing(sqlite3.connect(again.issues)) as restored:
        assert restored.execute("SELECT title FROM issues").fetchall() == [("an incident",)]


def test_issues_that_are_being_written_are_copied_as_of_one_moment(state: StatePaths, tmp_path: Path) -> None:
    with closing(sqlite3.connect(state.issues)) as writer:
        writer.execute("INSERT INTO issues VALUES ('not committed')")
        write_backup(state, tmp_path / "b", 1, "9.9")
        writer.commit()

    again = StatePaths(tmp_path / "again")
    restore_backup(tmp_path / "b", again, nothing)
    with closing(sqlite3.connect(again.issues)) as restored:
        assert restored.execute("SELECT title FROM issues").fetchall() == [("an incident",)]


def test_pending_facts_are_copied_before_issues_and_refs_before_objects(file: Path) -> None:
    with tarfile.open(file) as archive:
        names = archive.getnames()

    refs = names.index("forge/local/shop.git/refs/heads/main")
    assert names.index("outbox/scout/01ABC.json") < names.index("forge/forge.db") < refs < names.index(OBJECT)
    assert names[-1] == NAME


def test_a_file_that_exists_and_one_in_the_state_folder_are_refused_and_left(state: StatePaths, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")

    with pytest.raises(Refused, match="exists already; name another file"):
        write_backup(state, there, 1, "9.9")
    with pytest.raises(Malformed, match="would lie in the state folder"):
        write_backup(state, state.bundles / "b", 1, "9.9")
    with pytest.raises(Malformed, match="cannot be created: No such file or directory"):
        write_backup(state, tmp_path / "no" / "b", 1, "9.9")
    with pytest.raises(Missing, match="holds nothing to back up"):
        write_backup(StatePaths(tmp_path / "empty"), tmp_path / "b", 1, "9.9")
    assert there.read_text() == "mine"
    assert not (tmp_path / "b").exists()


def test_a_back_up_that_fails_leaves_no_file(state: StatePaths, tmp_path: Path) -> None:
    state.issues.write_bytes(b"no database" * 1000)

    with pytest.raises(Exception, match=r"forge\.db cannot be copied"):
        write_backup(state, tmp_path / "b", 1, "9.9")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]


@pytest.mark.parametrize("name", ["halt", "keys/scout.key", "forge/x", "bundles/x"])
def test_nothing_is_overwritten(file: Path, tmp_path: Path, name: str) -> None:
    there = tmp_path / "again" / name
    there.parent.mkdir(parents=True)
    there.write_text("mine")

    with pytest.raises(Refused, match="and nothing is overwritten; name another folder with --state"):
        restore_backup(file, StatePaths(tmp_path / "again"), nothing)

    assert files(tmp_path / "again").keys() == {name}
    assert there.read_text() == "mine"


def test_a_link_where_a_folder_belongs_is_not_followed(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "keys").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(Refused, match="nothing is overwritten"):
        restore_backup(file, StatePaths(tmp_path / "again"), nothing)


def test_empty_folders_of_a_space_that_never_ran_give_way(file: Path, tmp_path: Path) -> None:
    again = StatePaths(tmp_path / "again")
    for folder in again.folders:
        folder.mkdir(exist_ok=True, parents=True)

    restore_backup(file, again, check_keys)

    assert again.key("scout").exists()
    assert again.logs.is_dir()


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return an archive with these members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def linked(kind: bytes) -> bytes:
    """Return an archive with a link or a device in the place of a key."""
    info = tarfile.TarInfo("keys/scout.key")
    info.type, info.linkname = kind, "/etc/passwd"
    return packed((info, b""))


def manifest(**fields: object) -> bytes:
    """Return an archive of a manifest alone."""
    document = {"format": 1, "made": 1, "version": "1", "files": {}, **fields}
    return packed((tarfile.TarInfo(NAME), json.dumps(document).encode()))


EMPTY = b'{"format": 1, "made": 1, "version": "1", "files": {}}'
ENTRY = {"size": 1, "sha256": "x", "mode": 384}
HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not a whole back-up"),
    "text": (b"hello " * 1000, "not a whole back-up"),
    "gzip of noise": (gzip.compress(b"\x00noise" * 1000), "not a whole back-up"),
    "empty archive": (packed(), "has no manifest.json"),
    "a path upwards": (packed((tarfile.TarInfo("keys/../../x"), b"x")), "which no back-up of sre-space does"),
    "an absolute path": (packed((tarfile.TarInfo("/etc/cron.d/x"), b"x")), "which no back-up of sre-space does"),
    "another folder": (packed((tarfile.TarInfo("run/space.json"), b"x")), "which no back-up of sre-space does"),
    "a folder's name": (packed((tarfile.TarInfo("keys"), b"x")), "which no back-up of sre-space does"),
    "below the kill switch": (packed((tarfile.TarInfo("halt/x"), b"x")), "which no back-up of sre-space does"),
    "a symbolic link": (linked(tarfile.SYMTYPE), "which no back-up of sre-space does"),
    "a hard link": (linked(tarfile.LNKTYPE), "which no back-up of sre-space does"),
    "a device": (linked(tarfile.CHRTYPE), "which no back-up of sre-space does"),
    "a file twice": (packed(*[(tarfile.TarInfo("keys/a"), b"x")] * 2), "which no back-up of sre-space does"),
    "a file that is missing": (manifest(files={"keys/scout.key": ENTRY}), "keys/scout.key is not as it was"),
    "a file too many": (
        packed((tarfile.TarInfo("keys/a"), b"x"), (tarfile.TarInfo(NAME), EMPTY)),
        "keys/a is not as it was",
    ),
    "a later format": (manifest(format=2, version="7.0"), "which sre-space 7.0 wrote"),
    "a manifest of another shape": (manifest(files=[]), "manifest.json is not valid"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "told"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_back_up_leaves_nothing(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(content)

    with pytest.raises(Malformed, match=told):
        restore_backup(tmp_path / "b", StatePaths(tmp_path / "again"), nothing)

    assert not files(tmp_path / "again")


def test_a_back_up_of_format_1_is_restored_by_every_release(tmp_path: Path) -> None:
    """Written out by hand: what is in it may not change any more."""
    content = b'{"owner": "scout"}'
    digest = "c7e5c4e0a3f7d3d6"
    entry = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "mode": 0o600}
    named = {f"trust/{digest}.json": entry}
    document = {"format": 1, "made": 1_790_000_000_000_000_000, "version": "0.1.0", "files": named}
    info = tarfile.TarInfo(f"trust/{digest}.json")
    info.mode = 0o600
    (tmp_path / "b").write_bytes(packed((info, content), (tarfile.TarInfo(NAME), json.dumps(document).encode())))

    held = restore_backup(tmp_path / "b", StatePaths(tmp_path / "again"), nothing)

    assert (held.made, held.version) == (1_790_000_000_000_000_000, "0.1.0")
    assert files(tmp_path / "again") == {f"trust/{digest}.json": (0o600, content)}


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("whole")
    write_backup(made(folder / "state"), folder / "b", 1, "9.9")
    return (folder / "b").read_bytes()


@settings(max_examples=60, deadline=None)
@example(at=0.001953125, damage="cut off")  # in the head of gzip
@given(at=st.floats(0, 1), damage=st.sampled_from(["cut off", "a bit"]))
def test_damage_anywhere_is_found_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, whole: bytes, at: float, damage: str
) -> None:
    place = min(int(at * len(whole)), len(whole) - 1)
    flipped = bytes([*whole[:place], whole[place] ^ 1, *whole[place + 1 :]])
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "b").write_bytes(whole[:place] if damage == "cut off" else flipped)
    restored: Callable[[], object] = lambda: restore_backup(folder / "b", StatePaths(folder / "again"), check_keys)  # noqa: E731

    try:
        restored()
    except Malformed:
        assert not files(folder / "again")
    else:  # in the header of gzip, or behind the manifest
        assert len(files(folder / "again")) > 10


def test_a_key_that_is_not_trusted_is_refused_before_anything_is_in_place(state: StatePaths, tmp_path: Path) -> None:
    for path in state.trust.iterdir():
        path.unlink()
    write_backup(state, tmp_path / "b", 1, "9.9")

    with pytest.raises(Malformed, match=r"the key of scout .* is not trusted"):
        restore_backup(tmp_path / "b", StatePaths(tmp_path / "again"), check_keys)

    assert not files(tmp_path / "again")


def test_without_keys_the_old_ones_verify_what_they_signed_and_nobody_has_them(file: Path, tmp_path: Path) -> None:
    again, now = StatePaths(tmp_path / "again"), time.time_ns()

    restore_backup(file, again, leave_keys_out)
    make_key(again.key("scout"), again.trust, "scout")

    listed = TrustFolder(again.trust).listed()
    assert [(key.owner, key.retired is None) for key in listed] == [("fixer", False), ("scout", False), ("scout", True)]
    assert all(key.retired is None or now <= key.retired <= time.time_ns() for key in listed)
    assert [path.name for path in again.keys.iterdir()] == ["scout.key"]


def test_what_lies_in_mounted_volumes_is_filled_and_stays_mounted(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mounted folder can neither be removed nor replaced, and is of the same file system or of another."""
    again = StatePaths(tmp_path / "again")
    for volume in (again.trust, again.forge / "local"):
        volume.mkdir(parents=True)
    number = again.trust.stat().st_ino
    rmdir = os.rmdir

    def refusing(path: str, *, dir_fd: int | None = None) -> None:
        if Path(path) == again.trust:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)
        rmdir(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "rmdir", refusing)

    restore_backup(file, again, check_keys)

    assert again.trust.stat().st_ino == number
    assert len(TrustFolder(again.trust).listed()) == 2


def test_a_back_up_streams_through_a_pipe(state: StatePaths, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sre_space.cli.main"]
    written = subprocess.run([*command, "backup", "-", "--state", state.root], capture_output=True, check=False)
    read = subprocess.run(
        [*command, "restore", "-", "--state", tmp_path / "again"],
        input=written.stdout,
        capture_output=True,
        check=False,
    )

    assert (written.returncode, written.stderr.count(b"keep it as secret")) == (0, 1)
    assert files(tmp_path / "again").keys() == {
        *(str(one.relative_to(state.root)) for one in files_of(state)),
        "forge/forge.db",
    }, read.stderr


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_of_others_is_named(file: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o500)

    with pytest.raises(Malformed, match="name a folder that you own"):
        restore_backup(file, StatePaths(tmp_path / "theirs" / "again"), nothing)


def test_only_the_paths_of_a_back_up_are_kept() -> None:
    assert all(map(is_kept, ["halt", "keys/a.key", "forge/o/n.git/HEAD", "deploy/config/x.env"]))
    assert not any(map(is_kept, ["", ".", "keys", "halt/x", "/keys/x", "keys//x", "keys/../x", "./keys/x", "run/x"]))
