"""The keys and secrets of containers: each has its own and no other's, and keeps them."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sre_embedded.servers.telemetry.tokens import Tokens
from sre_embedded.space.containers import Containers
from sre_embedded.space.processes import LOGINS
from sre_space.adapters.ed25519 import KeyFile, TrustFolder
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.codec.variables import parse_variables
from sre_space.identities import read_identities
from sre_space.paths import StatePaths

APPLICATION = ("shop", "price-list", "customers")
FORGE = "http://forge:8010/mcp"


@pytest.fixture
def state(tmp_path: Path) -> StatePaths:
    """Return a new state folder."""
    return StatePaths(tmp_path / "state")


@pytest.fixture
def containers(tmp_path: Path, state: StatePaths) -> Containers:
    """Return containers whose secrets are made."""
    made = Containers(tmp_path / "containers", APPLICATION, APPLICATION[:2], FORGE, "postgres:5432", "DATABASE_URL")
    made.make(state)
    return made


def variables(containers: Containers, name: str) -> dict[str, str]:
    """Return the variables of a container."""
    return dict(parse_variables((containers.folder / name / "environment").read_text(), name))


def test_each_signer_has_its_own_key_alone_and_all_are_trusted(containers: Containers, state: StatePaths) -> None:
    owners = {one.key_id: one.owner for one in TrustFolder(state.trust).listed()}

    for path in containers.folder.glob("*/*.key"):
        if path.name != "telemetry-records.key":
            assert path.stem == path.parent.name
            assert owners.pop(KeyFile.load(path).key_id) == path.stem
    assert not owners
    assert {path.stem for path in containers.folder.glob("*/*.key")} == {*SIGNERS, "telemetry-records"}


def test_no_secret_is_in_two_containers(containers: Containers, state: StatePaths) -> None:
    seen: dict[str, str] = {}
    for path in containers.folder.glob("*/environment"):
        for name, value in variables(containers, path.parent.name).items():
            assert name == "FORGE_URL" or seen.setdefault(value, path.parent.name) == path.parent.name

    tokens = {one.login: one.token for one in read_identities(state.identities)}
    for name, login in {**LOGINS, "operator": "operator"}.items():
        assert variables(containers, name)["GITHUB_PERSONAL_ACCESS_TOKEN"] == tokens[login]
        assert variables(containers, name)["FORGE_URL"] == FORGE
    assert "GITHUB_PERSONAL_ACCESS_TOKEN" not in variables(containers, "shop")


def test_the_telemetry_server_knows_each_sender_by_its_token(containers: Containers) -> None:
    known = Tokens.parse((containers.folder / "telemetry" / "telemetry-tokens.json").read_text())

    for name, sends in {**{name: f"sre-{name}" for name in AGENTS}, **{name: name for name in APPLICATION}}.items():
        header = variables(containers, name)["OTEL_EXPORTER_OTLP_HEADERS"].removeprefix("authorization=")
        assert known.names_of([header.replace("%20", " ")]) == {sends}


def test_who_signs_or_checks_telemetry_records_has_their_key_and_nobody_else(containers: Containers) -> None:
    keys = {path.parent.name: path.read_text() for path in containers.folder.glob("*/telemetry-records.key")}

    assert set(keys) == {"scout", "brain", "telemetry"}
    assert len(set(keys.values())) == 1


def test_each_database_has_a_role_of_its_own(containers: Containers) -> None:
    statements = (containers.folder / "database" / "roles.sql").read_text()
    url = variables(containers, "price-list")["DATABASE_URL"]
    password = url.removeprefix("postgresql+psycopg://price_list:").removesuffix("@postgres:5432/price_list")

    assert f"CREATE ROLE price_list LOGIN PASSWORD '{password}';" in statements
    assert "CREATE DATABASE price_list OWNER price_list;" in statements
    assert "DATABASE_URL" not in variables(containers, "customers")


def files(containers: Containers) -> list[Path]:
    """Return all files that were made."""
    return [path for path in containers.folder.glob("*/*") if path.is_file()]


def test_people_have_a_folder_where_their_volume_is_mounted(containers: Containers) -> None:
    assert {path.parent.name for path in containers.folder.glob("*/operators")} == {"dashboard", "operator"}


def test_only_the_owner_reads_them_but_the_databases_which_another_user_reads(containers: Containers) -> None:
    for path in files(containers):
        assert stat.S_IMODE(path.stat().st_mode) == (0o644 if path.parent.name == "database" else 0o600), path


def test_what_is_there_is_kept(containers: Containers, state: StatePaths) -> None:
    before = {path: path.read_bytes() for path in files(containers)}

    containers.make(state)

    assert {path: path.read_bytes() for path in files(containers)} == before


@pytest.fixture
def with_chaos(containers: Containers, state: StatePaths) -> Containers:
    """Return the same containers with one that injects faults."""
    made = replace(containers, chaos="chaos")
    made.make(state)
    return made


def test_without_a_container_for_faults_nobody_has_their_rights(containers: Containers) -> None:
    assert not list(containers.folder.glob("*/network.key"))
    assert "reporting" not in (containers.folder / "database" / "roles.sql").read_text()


def test_faults_have_the_networks_secret_a_role_in_the_databases_and_a_persons_token(
    with_chaos: Containers, state: StatePaths
) -> None:
    own, keys = (
        variables(with_chaos, "chaos"),
        {path.parent.name: path for path in with_chaos.folder.glob("*/network.key")},
    )
    password = own["SRE_CHAOS_DATABASE_URL"].removeprefix("postgresql://reporting:").removesuffix("@postgres:5432")
    before = {path: path.read_bytes() for path in files(with_chaos)}

    roles = (with_chaos.folder / "database" / "roles.sql").read_text()
    assert f"CREATE ROLE reporting LOGIN PASSWORD '{password}' IN ROLE shop, price_list;" in roles
    assert set(keys) == {"chaos", "network"}
    assert len({path.read_text() for path in keys.values()}) == 1
    assert own["GITHUB_PERSONAL_ACCESS_TOKEN"] == variables(with_chaos, "operator")["GITHUB_PERSONAL_ACCESS_TOKEN"]
    assert not list((with_chaos.folder / "chaos").glob("operator.key"))
    with_chaos.make(state)
    assert {path: path.read_bytes() for path in files(with_chaos)} == before
