"""Every file of the state folder, damaged in every way.

What is expendable is set aside, the rest refuses; both say so in one sentence that names the file.
"""

import errno
import json
import logging
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.damage import Damage, bites, damage_file, replace_by_file
from support.limits import NOBODY, limited
from support.world import SERVICES

from sre_embedded.bootstrap import chroma
from sre_embedded.databases import damage_of
from sre_embedded.launcher import Launch, environment_of
from sre_embedded.servers.bus.offsets import Offsets
from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.servers.forge.repository import files_at, open_repository
from sre_embedded.servers.forge.store import Store
from sre_embedded.servers.telemetry.store import connect, set_damaged_aside
from sre_embedded.servers.warden.limits import read_limits
from sre_embedded.servers.warden.memory import OomKill, Warden
from sre_embedded.space.deployed_files import prepare_deployed_files
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import Ports
from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.adapters.ed25519 import KeyFile, TrustFolder, make_key
from sre_space.adapters.halt_file import HaltFile
from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.adapters.supervisord_units import _out_of_memory
from sre_space.bootstrap.space.state import Running, SpaceState
from sre_space.codec.unit_limits import BadLimits
from sre_space.codec.variables import UnreadableFile
from sre_space.deployment import journal as deploy_journal
from sre_space.deployment.desired_state import desired_state
from sre_space.deployment.journal import Deployment
from sre_space.domain.errors import Damaged, Malformed, SpaceError
from sre_space.identities import read_identities
from sre_space.ports.outbox import Pending
from sre_space.ports.runtime import Unit
from sre_space.starts import starts_of
from sre_space.state_files import MAX_SET_ASIDE, append_line, content_of, set_aside, write_private

BITING = [one for one in Damage if bites(one)]
every_damage = pytest.mark.parametrize("damage", BITING)


@pytest.fixture
def state(tmp_path: Path) -> SpaceState:
    """Return a new state folder with its subfolders."""
    found = SpaceState(tmp_path / "state")
    found.make()
    return found


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    """Return a small checkout with one configuration file."""
    folder = tmp_path / "seed" / "deploy" / "config"
    folder.mkdir(parents=True)
    (folder / "tax.env").write_text("A=1\n")
    return tmp_path / "seed"


def said(call: Callable[[], object], *kinds: type[Exception]) -> str:
    """Return the message of the error that a call raises, "" when it raises none."""
    try:
        call()
    except kinds as error:
        return str(error)
    return ""


def aside_of(path: Path) -> list[Path]:
    """Return the damaged files that were set aside from this path."""
    return [one for one in path.parent.iterdir() if one.name.startswith(f"{path.name}.damaged-")]


@every_damage
def test_a_database_of_spans_is_begun_anew_and_the_old_one_is_kept(
    tmp_path: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "telemetry" / "spans.db"
    connect(path).close()
    damage_file(path, damage, seed=7)

    changed = set_damaged_aside(path)

    assert connect(path).execute("SELECT COUNT(*) FROM otlp_spans").fetchone() in ((0,),)
    if changed:
        (kept,) = aside_of(path)
        assert kept.name in caplog.text
    assert not damage_of(path)


@every_damage
def test_the_record_of_all_incidents_refuses_and_is_left_as_it_is(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "forge" / "forge.db"
    store = Store(path)
    store.create_issue("title", "body" * 2000, [], "me")
    store.db.close()
    damage_file(path, damage, seed=7)
    whole = path.read_bytes() if path.is_file() else b""
    if damage in (Damage.HALF_LINE, Damage.FLIPPED):  # SQLite is not hurt by bytes behind its end or in a free page
        return

    with pytest.raises(Malformed, match=r"forge.db, the record of all incidents, is damaged: .*; put a backup"):
        Store(path)

    assert (path.read_bytes() if path.is_file() else b"") == whole
    assert not aside_of(path)


def test_a_record_of_incidents_is_new_only_when_nothing_is_there(tmp_path: Path) -> None:
    path = tmp_path / "forge" / "forge.db"
    Store(path).db.close()
    assert Store(path).issues() == []
    path.unlink()
    path.with_name("forge.db-wal").write_bytes(b"left")
    with pytest.raises(Malformed, match="it is gone"):
        Store(path)


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "objects", "config"])
@every_damage
def test_a_repository_is_never_begun_anew_and_says_what_is_wrong(
    tmp_path: Path, seed: Path, name: str, damage: Damage
) -> None:
    path = tmp_path / "r.git"
    open_repository(path, seed)
    damage_file(path / name, damage)

    told = said(lambda: open_repository(path, seed), Malformed)

    assert not told or f"{path} is damaged: " in told
    assert "\n" not in told
    assert told or open_repository(path, seed).references["refs/heads/main"]


@every_damage
def test_the_deployer_is_told_in_one_sentence_of_a_repository_it_cannot_read(
    tmp_path: Path, seed: Path, damage: Damage
) -> None:
    path = tmp_path / "r.git"
    open_repository(path, seed)
    damage_file(path / "objects", damage)

    assert str(path) in (said(lambda: files_at(path, "deploy/config"), SpaceError) or str(path))


@every_damage
def test_a_key_that_is_not_the_trusted_one_is_refused_by_its_agent_and_by_up(state: SpaceState, damage: Damage) -> None:
    path, trust = state.root / "keys" / "scout.key", state.root / "trust"
    make_key(path, trust, "scout")
    damage_file(path, damage)

    with pytest.raises(Malformed) as by_the_agent:
        TrustFolder(trust).refuse_unless(KeyFile.load(path), "scout")
    with pytest.raises(Malformed) as by_up:
        make_key(path, trust, "scout")

    for refused in (by_the_agent, by_up):
        assert "scout" in str(refused.value)
        assert "sre-space" in str(refused.value)


@every_damage
def test_a_trust_entry_ends_whoever_asks_for_it_and_up_makes_it_anew_from_its_key(
    state: SpaceState, damage: Damage
) -> None:
    path, trust = state.root / "keys" / "scout.key", state.root / "trust"
    key = make_key(path, trust, "scout")
    other = make_key(state.root / "keys" / "brain.key", trust, "brain")
    entry = trust / f"{key.key_id}.json"
    damage_file(entry, damage)
    if damage is Damage.FLIPPED:  # the seed's bit is in the public key
        assert entry.read_text()

    with pytest.raises(Damaged, match=key.key_id):
        TrustFolder(trust).owner(key.key_id, b"m", key.sign(b"m"), 0)
    with pytest.raises(Malformed, match=key.key_id):
        TrustFolder(trust).refuse_unless(other, "brain")
    assert TrustFolder(trust).owner(other.key_id, b"m", other.sign(b"m"), 0) == "brain"
    assert TrustFolder(trust).owner("0" * 16, b"m", b"s" * 64, 0) is None
    if entry.is_file():
        make_key(path, trust, "scout")
        TrustFolder(trust).refuse_unless(key, "scout")


@every_damage
def test_accounts_are_refused_with_the_remedy(state: SpaceState, damage: Damage) -> None:
    write_identities(state.identities, {"operator": "admin"})
    damage_file(state.identities, damage)

    for use in (read_identities, lambda path: write_identities(path, {"operator": "admin"})):
        told = said(partial(use, state.identities), Malformed)
        assert damage is Damage.FLIPPED or (str(state.identities) in told and "sre-space up" in told)


@pytest.mark.parametrize(
    "text", ["[]", "{}", "null", "5", "[1]", "[{}]", '[{"login": "x", "id": 1, "token": "t", "permission": "king"}]']
)
def test_accounts_of_another_shape_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "identities.json"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(Malformed, match="not a list of identities"):
        read_identities(path)


@every_damage
def test_a_pending_fact_is_kept_and_told_and_the_outbox_goes_on(tmp_path: Path, damage: Damage) -> None:
    told: list[str] = []
    outbox = OutboxFolder(tmp_path / "outbox", told.append)
    pending = Pending(7, "01ABC", 3, "prev", "body")
    outbox.put(pending)
    path = tmp_path / "outbox" / "01ABC.json"
    damage_file(path, damage)

    found = outbox.get("01ABC")

    if found is None:
        (kept,) = aside_of(path)
        assert len(told) == 1
        assert str(path) in told[0]
        assert kept.name in told[0]
    else:
        assert damage is Damage.FLIPPED  # in a text: whose signature does not hold then
    outbox.put(pending)
    assert outbox.get("01ABC") == pending


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=5)))
def test_json_that_is_no_pending_fact_is_none(told: object) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", lambda _: json.dumps(told))
        patch.setattr(Path, "rename", lambda _, __: None)
        assert OutboxFolder(Path("/nowhere")).get("01ABC") is None


@every_damage
def test_the_record_of_a_space_that_is_gone_counts_as_none_or_as_it_was(state: SpaceState, damage: Damage) -> None:
    running = Running(1, 0.0, "socket", {"bus_port": 9092}, "chart", "o/r")
    state.write_record(running)
    damage_file(state.run / "space.json", damage)

    found = state.record()

    assert found is None or not found.alive
    state.write_record(running)
    assert state.record() == running


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "[]",
        "{}",
        "null",
        '{"pid": "x"}',
        '{"pid":1,"created":0,"socket":"","ports":[],"chart":"","repository":""}',
    ],
)
def test_a_record_of_another_shape_counts_as_none(state: SpaceState, text: str) -> None:
    (state.run / "space.json").write_text(text)

    assert state.record() is None


@every_damage
def test_the_list_of_deployments_goes_on_behind_what_is_damaged(state: SpaceState, damage: Damage) -> None:
    one, two = (Deployment(commit, "subject", ("a.env",), ("a",), 5) for commit in ("one", "two"))
    deploy_journal.record(state, one)
    damage_file(state.deployed.parent / "deployments.jsonl", damage)

    assert deploy_journal.last(state) in (None, one) or damage is Damage.FLIPPED
    deploy_journal.record(state, two)
    assert deploy_journal.last(state) == two


@every_damage
def test_a_deployment_under_way_whose_record_is_damaged_may_have_stopped_any_service(
    state: SpaceState, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    begun = Deployment("one", "subject", ("a.env",), ("a",), 5)
    deploy_journal.begin(state, begun)
    damage_file(state.deployed.parent / "underway.json", damage)

    found = deploy_journal.under_way(state, SERVICES)

    assert found is not None
    if found.restarted != ("a",):
        assert found.restarted == SERVICES
        assert "underway.json" in caplog.text
    deploy_journal.record(state, begun)
    assert deploy_journal.under_way(state, SERVICES) is None


@every_damage
def test_the_wardens_journal_is_read_and_written_whatever_is_in_it(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "warden.jsonl"
    warden = Warden(tmp_path / "space.env", path, dict)
    warden._record(OomKill(1000.0, "tax", 7, 41, 40))
    damage_file(path, damage)
    ended = Unit("tax", "exited", "ended", None, 1000 * 10**9, None, "ended by a signal")

    assert _out_of_memory(path, ended) in ("", "killed: out of memory, 41 bytes of 40 allowed") or bites(damage)
    warden._record(OomKill(1000.0, "tax", 7, 42, 40))
    assert _out_of_memory(path, ended) == "killed: out of memory, 42 bytes of 40 allowed"


@every_damage
def test_limits_that_cannot_be_read_are_said_and_never_end_the_warden(tmp_path: Path, damage: Damage) -> None:
    path = tmp_path / "space.env"
    path.write_text("TAX_MEMORY_BYTES=1000\nCART_MEMORY_BYTES=1000\n")
    damage_file(path, damage)

    assert str(path) in (said(lambda: read_limits(path), BadLimits) or str(path))
    Warden(path, tmp_path / "journal", dict)._refresh()


@every_damage
async def test_a_bundle_is_malformed_and_is_written_anew(tmp_path: Path, damage: Damage) -> None:
    bundles = BundleFolder(tmp_path / "bundles")
    name = await bundles.keep({"a": b"content" * 50})
    damage_file(tmp_path / "bundles" / f"{name}.tar.gz", damage)

    with pytest.raises(Malformed):
        await bundles.load(name)
    assert await bundles.keep({"a": b"content" * 50}) == name
    assert await bundles.load(name) == {"a": b"content" * 50}


@every_damage
def test_a_halt_file_halts_whatever_it_is_and_is_removed(state: SpaceState, damage: Damage) -> None:
    halt = HaltFile(state.halt)
    halt.halt()
    damage_file(state.halt, damage)

    assert halt.halted()
    halt.halt()
    state.release()
    assert not halt.halted()


@every_damage
async def test_what_a_service_runs_with_is_not_in_force_when_it_cannot_be_read(
    state: SpaceState, damage: Damage
) -> None:
    running = state.run / "env" / "tax.running"
    running.write_text("digest\n1000\n")
    (state.deployed).mkdir()
    (state.deployed / "space.env").write_text("TAX_MEMORY_BYTES=1000\n")
    damage_file(running, damage)
    damage_file(state.deployed / "space.env", damage)

    services = {"tax": limited("tax", "deploy/config/space.env", "TAX_MEMORY_BYTES")}
    assert not await DeployedFolder(state.root, services).in_force("deploy/config/tax.env", b"A=1\n")
    await DeployedFolder(state.root, services).in_force("deploy/config/space.env", b"TAX_MEMORY_BYTES=1000\n")


@every_damage
def test_a_process_never_starts_with_half_of_its_environment(state: SpaceState, damage: Damage) -> None:
    path = state.run / "env" / "scout.env"
    text = f"SRE_SPACE_STATE={state.root}\nTOKEN=abcdefgh\nSRE_SPACE_UNIT=scout@{state.mark}\n"
    path.write_text(text)
    damage_file(path, damage)

    told = said(lambda: environment_of(state.root, Launch("scout", None, ("x",))), UnreadableFile)

    assert str(path) in told or damage in (Damage.FLIPPED, Damage.HALF_LINE)


@every_damage
def test_desired_state_of_a_service_that_cannot_be_read_is_one_sentence(state: SpaceState, damage: Damage) -> None:
    config = state.root / "tax.env"
    config.write_text("A=1\nB=2\n")
    (state.run / "env" / "tax.env").write_text(f"SRE_SPACE_UNIT=tax@{state.mark}\n")
    damage_file(config, damage)

    told = said(lambda: environment_of(state.root, Launch("tax", config, ("x",))), UnreadableFile)

    assert not told or str(config) in told


@every_damage
def test_desired_state_that_no_service_can_start_with_is_taken_from_main_or_the_checkout(
    state: SpaceState, seed: Path, damage: Damage
) -> None:
    plan = SpacePlan(state, Ports(), seed / "sre-space.yaml", "o", "r")
    prepare_deployed_files(plan, NOBODY)
    path = state.deployed / "tax.env"
    assert path.read_text() == "A=1\n"
    damage_file(path, damage)
    prepare_deployed_files(plan, NOBODY)
    assert desired_state({"deploy/config/tax.env": path.read_bytes()}, NOBODY)

    open_repository(state.root / "forge" / "o" / "r.git", seed)
    (seed / "deploy" / "config" / "tax.env").write_text("A=2\n")
    path.write_bytes(b"\xff")
    prepare_deployed_files(plan, NOBODY)
    assert path.read_text() == "A=1\n"
    replace_by_file(state.deployed)
    prepare_deployed_files(plan, NOBODY)
    assert path.read_text() == "A=2\n"  # until the first deployment, which is of main


@every_damage
def test_the_count_of_starts_is_expendable(state: SpaceState, damage: Damage) -> None:
    path = state.run / "env" / "scout.started"
    path.write_text("7 5\n")
    damage_file(path, damage)

    assert starts_of(path).count >= 0


@every_damage
def test_an_index_of_chroma_is_set_aside_whole(
    tmp_path: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "chroma"
    folder.mkdir()
    database = sqlite3.connect(folder / chroma.DATABASE)
    database.execute("CREATE TABLE t (x)")
    database.close()
    damage_file(folder / chroma.DATABASE, damage, seed=7)

    chroma.set_damaged_index_aside(folder)

    assert folder.is_dir()
    assert not damage_of(folder / chroma.DATABASE)
    if aside_of(folder):
        assert aside_of(folder)[0].name in caplog.text


def test_folders_that_are_files_are_set_aside(tmp_path: Path, state: SpaceState) -> None:
    for folder in (state.root / "chroma", state.root / "telemetry"):
        replace_by_file(folder)
    chroma.set_damaged_index_aside(state.root / "chroma")
    set_damaged_aside(state.root / "telemetry" / "spans.db")
    connect(state.root / "telemetry" / "spans.db").close()

    assert (state.root / "chroma").is_dir()
    assert len(aside_of(state.root / "chroma")) == len(aside_of(state.root / "telemetry")) == 1


def test_few_of_each_are_kept_and_a_line_that_was_cut_off_stays_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x[1].db"
    for number in range(MAX_SET_ASIDE + 3):
        path.write_text(str(number))
        set_aside(path, "it is damaged")
    kept = sorted(aside_of(path))
    assert [one.read_text() for one in kept] == [str(number) for number in range(3, MAX_SET_ASIDE + 3)]
    assert len(caplog.messages) == MAX_SET_ASIDE + 3
    path.write_text("half a li")
    append_line(path, "whole")
    append_line(path, "another")
    assert content_of(path) == b"half a li\nwhole\nanother\n"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_a_process_that_is_short_of_something_cannot_open_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    told: list[str] = []
    path, outbox = tmp_path / "offsets.jsonl", OutboxFolder(tmp_path / "outbox", told.append)
    path.write_text("what counts")
    pending = Pending(7, "01ABC", 3, "prev", "body")
    outbox.put(pending)

    def refused(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refused)
        patch.setattr(Path, "read_bytes", refused)
        for read in (partial(content_of, path), partial(outbox.get, "01ABC")):
            with pytest.raises(OSError, match=os.strerror(number)):
                read()

    assert content_of(path) == b"what counts"
    assert outbox.get("01ABC") == pending
    assert not told


def test_a_private_file_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "space.json"
    path.mkdir()
    (path / "in it").write_text("x")

    write_private(path, "text")

    assert path.read_text() == "text"
    assert len(aside_of(path)) == 1


def test_committed_offsets_of_wrong_kinds_count_for_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    path = tmp_path / "offsets.jsonl"
    good = '["g", "t", 0, 5, ""]'
    bad = ["5", "null", '["g"]', '["g", "t", 0, 99999999999999999999, ""]', '["g", "t", true, 5, ""]', '{"a": 1}']
    path.write_text("\n".join([*bad, good]) + "\n")

    assert Offsets(path).committed == {"g": {("t", 0): (5, "")}}
    assert "6 lines are damaged, the first is 1" in caplog.text
    assert Offsets(path).committed == {"g": {("t", 0): (5, "")}}
