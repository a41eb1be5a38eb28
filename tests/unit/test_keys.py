"""Keys are made on first start, private, and replaced without making anything invalid that was signed before."""

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from sre_space.adapters.ed25519 import KeyFile, TrustFolder, make_key, replace_key, retire_others
from sre_space.bootstrap.space import keys
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.main import app
from sre_space.domain.errors import Damaged, Malformed, Refused


@pytest.fixture
def state(tmp_path: Path) -> SpaceState:
    """Return a state folder with the keys of a first start."""
    state = SpaceState(tmp_path / "state")
    state.make()
    for name in SIGNERS:
        make_key(state.root / "keys" / f"{name}.key", state.root / "trust", name)
    return state


def test_every_file_of_a_key_is_for_its_owner_alone(state: SpaceState) -> None:
    keys.rotate(state, "fixer")
    files = [*(state.root / "keys").iterdir(), *(state.root / "trust").iterdir()]

    assert len(files) == 2 * len(SIGNERS) + 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE((state.root / name).stat().st_mode) for name in ("keys", "trust")} == {0o700}


def test_a_retired_key_verifies_what_is_older_and_nothing_younger(tmp_path: Path) -> None:
    path, trust = tmp_path / "scout.key", tmp_path / "trust"
    old = make_key(path, trust, "scout")
    new = replace_key(path, trust, "scout")
    (retired,) = retire_others(path, trust, "scout", 1_000)
    folder = TrustFolder(trust)

    assert retired.key_id == old.key_id
    assert KeyFile.load(path).key_id == new.key_id
    assert folder.owner(old.key_id, b"m", old.sign(b"m"), 999) == "scout"
    assert folder.owner(old.key_id, b"m", old.sign(b"m"), 1_000) is None
    assert folder.owner(new.key_id, b"m", new.sign(b"m"), 2_000) == "scout"


def test_between_the_new_key_and_the_end_of_the_old_one_both_count(tmp_path: Path) -> None:
    path, trust = tmp_path / "scout.key", tmp_path / "trust"
    old, new = make_key(path, trust, "scout"), replace_key(path, trust, "scout")

    assert {TrustFolder(trust).owner(key.key_id, b"m", key.sign(b"m"), 5) for key in (old, new)} == {"scout"}


def test_a_rotation_that_was_interrupted_is_finished_by_the_next(state: SpaceState) -> None:
    path, trust = state.root / "keys" / "brain.key", state.root / "trust"
    first, second = KeyFile.load(path).key_id, replace_key(path, trust, "brain").key_id

    assert set(keys.rotate(state, "brain").retired) == {first, second}
    assert [key.retired is None for key in keys.listed(state) if key.owner == "brain"] == [False, False, True]


def test_only_the_owners_own_keys_are_retired(state: SpaceState) -> None:
    keys.rotate(state, "fixer")

    assert [key.owner for key in keys.listed(state) if key.retired is not None] == ["fixer"]


def test_starting_again_neither_replaces_a_key_nor_revives_a_retired_one(state: SpaceState) -> None:
    keys.rotate(state, "fixer")
    before = keys.listed(state)
    for name in SIGNERS:
        make_key(state.root / "keys" / f"{name}.key", state.root / "trust", name)

    assert keys.listed(state) == before


def test_the_commands_show_public_parts_only(state: SpaceState) -> None:
    where = ["--state", str(state.root)]
    rotated = CliRunner().invoke(app, ["keys", "rotate", *where])
    listed = CliRunner().invoke(app, ["keys", "list", *where], env={"COLUMNS": "200"})
    secrets = [path.read_bytes().hex() for path in (state.root / "keys").iterdir()]

    assert (rotated.exit_code, listed.exit_code) == (0, 0)
    assert {line.split()[0] for line in rotated.output.splitlines()} == set(SIGNERS)
    assert len(re.findall(r"[0-9a-f]{16}", listed.output)) == 2 * len(SIGNERS)
    assert not any(secret in rotated.output + listed.output for secret in secrets)


def test_who_signs_nothing_gets_no_key_and_without_keys_nothing_is_rotated(state: SpaceState, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="is not a signer"):
        keys.rotate(state, "../mallory")
    with pytest.raises(Malformed, match="sre-space up"):
        keys.rotate(SpaceState(tmp_path / "empty"), "brain")


@pytest.mark.parametrize("entry", ["[]", "{}", "no", '{"owner": "x", "public": 5}', '{"owner": "x", "public": "zz"}'])
def test_a_file_in_the_trust_folder_that_is_no_key_is_named_and_trusts_nobody(state: SpaceState, entry: str) -> None:
    path = state.root / "trust" / ("0" * 16 + ".json")
    path.write_text(entry)

    with pytest.raises(Damaged, match="0000"):
        TrustFolder(path.parent).owner("0" * 16, b"m", b"s" * 64, 0)
    with pytest.raises(Malformed, match="0000"):
        keys.listed(state)
    assert json.loads(next(one for one in path.parent.iterdir() if one != path).read_text())["owner"] in SIGNERS


def test_missing_keys_are_made_once_and_never_beside_a_trusted_key_whose_private_part_is_elsewhere(
    state: SpaceState, tmp_path: Path
) -> None:
    empty = SpaceState(tmp_path / "empty")
    made = {owner: keys.make(empty, owner) for owner in SIGNERS}

    assert made == {key.owner: key.key_id for key in keys.listed(empty)}
    assert made == {owner: keys.make(empty, owner) for owner in SIGNERS}
    assert stat.S_IMODE(empty.key("scout").stat().st_mode) == 0o600
    state.key("scout").unlink()
    with pytest.raises(Refused, match="is trusted, and its private part is not in"):
        keys.make(state, "scout")
    with pytest.raises(Malformed, match="is not a signer"):
        keys.make(state, "root")
