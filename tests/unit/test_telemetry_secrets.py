"""Each process has its own token in its own environment, and nobody has another's."""

import stat
from pathlib import Path

import pytest
from support.planned import planned, table
from support.world import SERVICES

from sre_embedded.launcher import Launch
from sre_embedded.launcher import environment_of as launched
from sre_embedded.space.environment import SpacePlan, TokenSetup, environment_of, write_environments
from sre_embedded.space.telemetry_secrets import make_secrets, read_tokens
from sre_space.bootstrap.record_key import read_record_key
from sre_space.bootstrap.space.names import AGENTS
from sre_space.domain.errors import Malformed
from sre_space.state_files import write_private

EXPORTERS = {*SERVICES, "traffic", *AGENTS}
FORGE = {f"sre-{agent}": "forge" for agent in AGENTS}
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"


@pytest.fixture
def plan(tmp_path: Path) -> SpacePlan:
    """Return the plan of a space that never starts, after making its state folder."""
    plan = planned(tmp_path / "state")
    plan.state.make()
    return plan


def test_every_exporter_has_a_token_of_its_own_and_no_process_has_anothers(plan: SpacePlan) -> None:
    processes = tuple(table(plan))
    tokens = make_secrets(plan.state, processes)

    told = {one.name: environment_of(plan, one, TokenSetup(FORGE, tokens)) for one in processes}

    assert set(tokens) == EXPORTERS
    assert len(set(tokens.values())) == len(EXPORTERS)
    for name, environment in told.items():
        text = "\n".join(environment.values())
        assert [owner for owner, token in tokens.items() if token in text] == ([name] if name in EXPORTERS else [])
        assert environment.get(HEADERS, "") == (f"authorization=Bearer%20{tokens[name]}" if name in EXPORTERS else "")


def test_only_the_telemetry_server_is_told_who_may_send_and_only_who_reads_or_writes_records_their_key(
    plan: SpacePlan,
) -> None:
    processes = tuple(table(plan))
    tokens = TokenSetup(FORGE, make_secrets(plan.state, processes))

    told = {one.name: set(environment_of(plan, one, tokens).values()) for one in processes}

    assert {name for name, values in told.items() if str(plan.state.telemetry_tokens) in values} == {"telemetry"}
    assert {name for name, values in told.items() if str(plan.state.record_key) in values} == {
        "telemetry", "scout", "brain",
    }  # fmt: skip


def test_each_token_is_for_the_name_that_its_process_exports_as_and_is_not_kept(plan: SpacePlan) -> None:
    tokens = make_secrets(plan.state, table(plan))

    known = read_tokens(plan.state.telemetry_tokens)

    assert known is not None
    names = {name: known.names_of([f"Bearer {token}"]) for name, token in tokens.items()}
    assert names == {
        **{name: {name} for name in (*SERVICES, "traffic")}, **{agent: {f"sre-{agent}"} for agent in AGENTS},
    }  # fmt: skip
    text = plan.state.telemetry_tokens.read_text()
    assert not any(token in text for token in tokens.values())


def test_tokens_are_new_at_each_start_and_the_key_of_what_is_on_the_bus_stays(plan: SpacePlan) -> None:
    first, key = (
        make_secrets(plan.state, table(plan)),
        plan.state.record_key.read_text(),
    )
    second = make_secrets(plan.state, table(plan))

    assert not set(first.values()) & set(second.values())
    assert plan.state.record_key.read_text() == key
    for path in (plan.state.record_key, plan.state.telemetry_tokens):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_damaged_key_stops_the_start_with_a_sentence_instead_of_every_process_that_needs_it(plan: SpacePlan) -> None:
    write_private(plan.state.record_key, "")

    with pytest.raises(Malformed, match="holds less than 32 characters; make one with: openssl rand -hex 32"):
        make_secrets(plan.state, table(plan))


def test_what_is_deployed_cannot_take_a_services_token_away(plan: SpacePlan, tmp_path: Path) -> None:
    processes = tuple(table(plan))
    tokens = make_secrets(plan.state, processes)
    write_environments(plan, processes, TokenSetup(FORGE, tokens))
    desired = tmp_path / "quote-service.env"
    desired.write_text(f"{HEADERS}=authorization=Bearer%20mine\n")

    environment = launched(plan.state.root, Launch("quote-service", desired, ("true",)))

    assert environment[HEADERS] == f"authorization=Bearer%20{tokens['quote-service']}"


def test_without_the_settings_the_door_is_open_and_records_have_no_mac() -> None:
    assert read_tokens(None) is None
    assert read_record_key(None) is None


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (None, 0o600, "No such file or directory; `sre-space up` makes it"),
        ("[]" * 40, 0o644, "can be read by others; run: chmod 600 "),
        ("[", 0o600, "the tokens are not JSON|holds less than 32 characters; make one with: openssl rand -hex 32"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence_with_the_setting_and_the_remedy(
    tmp_path: Path, text: str | None, mode: int, why: str
) -> None:
    path = tmp_path / "secret"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)

    with pytest.raises(Malformed, match=f"^TELEMETRY_TOKENS_FILE .*({why})"):
        read_tokens(path)
    with pytest.raises(Malformed, match=f"^TELEMETRY_RECORD_KEY_FILE .*({why})"):
        read_record_key(path)
