"""Keys, trust, outbox, halt file and chart: the adapters that are files."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.configured import parse_config
from support.limits import limited

from sre_embedded.servers.forge.identities import write_identities
from sre_space.adapters.config_file import read_config
from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.adapters.ed25519 import KeyFile, TrustFolder, make_key
from sre_space.adapters.halt_file import HaltFile
from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.codec.variables import desired_text, parse_variables
from sre_space.domain.configuration import FOLDER, Place
from sre_space.domain.errors import Damaged, Malformed
from sre_space.identities import read_identities
from sre_space.paths import StatePaths
from sre_space.ports.outbox import Pending

CHART = Path(__file__).resolve().parents[3] / "sre-space.yaml"


def test_a_key_is_made_once_private_and_its_owner_is_known(tmp_path: Path) -> None:
    path, trust = tmp_path / "keys/scout.key", tmp_path / "trust"
    key = make_key(path, trust, "scout")

    assert path.stat().st_mode & 0o777 == 0o600
    assert make_key(path, trust, "scout").key_id == key.key_id
    assert TrustFolder(trust).owner(key.key_id, b"m", key.sign(b"m"), 0) == "scout"


@given(st.binary(max_size=70), st.text(max_size=20))
def test_a_wrong_signature_or_an_unknown_key_has_no_owner(signature: bytes, key_id: str) -> None:
    folder = Path("/nonexistent")

    assert TrustFolder(folder).owner(key_id, b"m", signature, 0) is None


def test_a_signature_counts_for_its_message_and_key_only(tmp_path: Path) -> None:
    one, other = (make_key(tmp_path / name, tmp_path / "trust", name) for name in ("one", "other"))
    trust = TrustFolder(tmp_path / "trust")

    assert trust.owner(one.key_id, b"other message", one.sign(b"m"), 0) is None
    assert trust.owner(other.key_id, b"m", one.sign(b"m"), 0) is None
    assert trust.owner("../trust/" + one.key_id, b"m", one.sign(b"m"), 0) is None


def test_a_rotated_key_and_the_old_one_both_count_while_both_are_trusted(tmp_path: Path) -> None:
    old = make_key(tmp_path / "scout.key", tmp_path / "trust", "scout")
    (tmp_path / "scout.key").unlink()
    new = make_key(tmp_path / "scout.key", tmp_path / "trust", "scout")
    trust = TrustFolder(tmp_path / "trust")

    assert old.key_id != new.key_id
    assert {trust.owner(key.key_id, b"m", key.sign(b"m"), 0) for key in (old, new)} == {"scout"}


def test_a_key_that_others_can_read_or_that_is_none_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_bytes(b"x" * 32)
    path.chmod(0o644)
    with pytest.raises(Malformed, match="chmod 600"):
        KeyFile.load(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(Malformed, match="not an Ed25519 key"):
        KeyFile.load(path)
    with pytest.raises(Malformed, match="sre-space up"):
        KeyFile.load(tmp_path / "none")


def test_the_outbox_keeps_the_last_pending_fact_of_an_incident(tmp_path: Path) -> None:
    outbox = OutboxFolder(tmp_path / "outbox")
    first, second = (Pending(7, "01ABC", seq, "prev", "body") for seq in (1, 2))
    assert outbox.get("01ABC") is None
    outbox.put(first)
    outbox.put(second)

    assert OutboxFolder(tmp_path / "outbox").get("01ABC") == second
    outbox.drop("01ABC")
    outbox.drop("01ABC")
    assert outbox.get("01ABC") is None
    with pytest.raises(ValueError, match="not an incident id"):
        outbox.get("../../etc/passwd")


def test_halted_while_the_file_is_there_or_nobody_can_tell(tmp_path: Path) -> None:
    kill_switch = HaltFile(tmp_path / "halt")
    assert not kill_switch.halted()
    (tmp_path / "halt").touch()
    assert kill_switch.halted()
    assert HaltFile(tmp_path / "gone" / "halt").halted()


def test_the_brake_is_set_once_and_stays(tmp_path: Path) -> None:
    kill_switch = HaltFile(tmp_path / "halt")
    kill_switch.halt()
    kill_switch.halt()

    assert kill_switch.halted()


def test_a_service_runs_with_what_it_was_started_with_and_limits_once_all_were_started_with_theirs(
    tmp_path: Path,
) -> None:
    policy = limited("policy-service", f"{FOLDER}/space.env", "POLICY_SERVICE_MEMORY_BYTES")
    deployed = DeployedFolder(tmp_path, {policy.name: policy})
    for folder in ("run/env", "deploy/config"):
        (tmp_path / folder).mkdir(parents=True)
    service, limits, content = f"{FOLDER}/policy-service.env", f"{FOLDER}/space.env", b"A=1\n"
    space = "POLICY_SERVICE_MEMORY_BYTES=400\n"

    def started_with(text: str) -> None:
        told = desired_text("policy-service", content, parse_variables(text, "space.env"))
        StatePaths(tmp_path).running("policy-service").write_text(told)

    def in_force(path: str, wanted: bytes) -> bool:
        return asyncio.run(deployed.in_force(path, wanted))

    assert [in_force(service, content), in_force(limits, space.encode())] == [False, False]
    started_with("")
    (tmp_path / "deploy/config/space.env").write_text(space)
    assert [in_force(service, content), in_force(limits, space.encode())] == [True, False]
    started_with(space)
    assert [in_force(service, content), in_force(limits, space.encode())] == [True, True]
    assert [in_force(service, b"A=2\n"), in_force(limits, b"POLICY_SERVICE_MEMORY_BYTES=500\n")] == [False, False]


def test_a_count_of_replicas_in_a_file_of_its_own_is_in_force_once_it_is_deployed(tmp_path: Path) -> None:
    place = Place(f"{FOLDER}/replicas.env", "POLICIES")
    deployed = DeployedFolder(tmp_path, {"policy-service": replace(limited("policy-service"), replicas=place)})
    folder = tmp_path / "deploy/config"
    folder.mkdir(parents=True)
    (folder / "replicas.env").write_text("POLICIES=2\n")

    assert asyncio.run(deployed.in_force(place.file, b"POLICIES=2\n"))
    assert not asyncio.run(deployed.in_force(place.file, b"POLICIES=3\n"))


def test_tokens_are_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "forge" / "identities.json"
    first = write_identities(path, {"a": "write"})
    second = write_identities(path, {"a": "write", "b": "none"})

    assert path.stat().st_mode & 0o777 == 0o600
    assert second[0] == first[0]
    assert len({one.token for one in second}) == 2
    path.write_text("{}x")
    with pytest.raises(Malformed, match="remove it"):
        read_identities(path)


def test_an_account_that_a_person_has_added_stays(tmp_path: Path) -> None:
    path = tmp_path / "identities.json"
    added = write_identities(path, {"a": "write", "visitor": "none"})[1]

    assert added in write_identities(path, {"a": "write"})
    assert added in read_identities(path)


def test_the_chart_of_this_repository_names_three_services_and_their_callers() -> None:
    config = read_config(CHART, {"POLICY_SERVICE_PORT": "1234"})

    assert list(config.services) == ["quote-service", "policy-service", "user-service"]
    assert config.services["policy-service"].health.target == "http://127.0.0.1:1234/health"
    assert config.services["quote-service"].calls == ("user-service", "policy-service")
    assert config.journeys[0].slo == 0.999


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("slo: 0.999", "slo: 99.9", "journeys.buy-insurance.slo"),
        ("autonomy: autonomous", "autonomy: always", "services.quote-service.autonomy"),
        ("unit: quote-service", "unit: ../sh", "services.quote-service.unit"),
        ("attempts: 3", "attempts: 3\n  surprise: 1", "guardrails.surprise"),
        ("calls: [user-service, policy-service]", "calls: [ghost]", "ghost"),
        ("${QUOTE_SERVICE_PORT:-8001}", "${NOWHERE}", "NOWHERE"),
        ("space: cloud-insurance", "space: [", "not YAML"),
    ],
)
def test_a_chart_that_does_not_validate_names_the_key(old: str, new: str, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        parse_config(CHART.read_text().replace(old, new), {})


def test_a_chart_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="SRE_SPACE_CHART"):
        read_config(tmp_path / "none.yaml")


def test_a_trust_entry_that_is_damaged_is_named_and_is_not_as_if_there_were_none(tmp_path: Path) -> None:
    key = make_key(tmp_path / "k", tmp_path / "trust", "scout")
    (tmp_path / "trust" / f"{key.key_id}.json").write_text(json.dumps({"owner": "scout"}))

    with pytest.raises(Damaged, match=key.key_id):
        TrustFolder(tmp_path / "trust").owner(key.key_id, b"m", key.sign(b"m"), 0)
