"""Where settings come from: the environment, then `.env` beside the configuration, then defaults; and for whom."""

from pathlib import Path

import pytest

from sre_space import settings
from sre_space.bootstrap.space.environment import HANDED, SpacePlan, TokenSetup, environment_of
from sre_space.bootstrap.space.ports import Ports
from sre_space.bootstrap.space.processes import AGENTS, LOGINS, SERVICES, Process, table
from sre_space.bootstrap.space.requirements import must_be_met
from sre_space.bootstrap.space.servers import elsewhere
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Malformed
from sre_space.env_file import beside, of_process

FORGE = dict.fromkeys(LOGINS.values(), "made by the space")


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Where a configuration would lie."""
    return tmp_path / "sre-space.yaml"


def write(chart: Path, text: str) -> None:
    """The file beside it."""
    chart.with_name(".env").write_text(text)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    chart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(chart, "REPO_OWNER=file\nREPO_NAME=file\nPOLL_SECONDS=3\n")
    monkeypatch.setenv("repo_name", "environment")
    for name in ("REPO_OWNER", "POLL_SECONDS", "JAEGER_URL"):
        monkeypatch.delenv(name, raising=False)

    told = beside(chart)
    brain = settings.BrainSettings.read(told.lines)

    assert (brain.repo_owner, brain.repo_name, brain.poll_seconds) == ("file", "environment", 3)
    assert brain.jaeger_url == "http://127.0.0.1:16686"
    assert told.values["REPO_OWNER"] == "file"


def test_an_empty_value_of_the_environment_wins_too(chart: Path) -> None:
    write(chart, "FORGE_URL=http://elsewhere/mcp\n")

    assert beside(chart, {"FORGE_URL": ""}).values == {"FORGE_URL": ""}


def test_a_wrong_value_names_the_place_that_it_comes_from(chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLL_SECONDS", raising=False)
    write(chart, "# often\nPOLL_SECONDS=often\n")

    with pytest.raises(
        Malformed, match=r"\.env:2: POLL_SECONDS: Input should be a valid number.*; see docs/settings.md"
    ):
        settings.ScoutSettings.read(beside(chart).lines)
    monkeypatch.setenv("POLL_SECONDS", "seldom")
    with pytest.raises(Malformed, match=r"^POLL_SECONDS: Input should be a valid number"):
        settings.ScoutSettings.read(beside(chart).lines)


def test_up_names_the_line_of_a_port_that_is_none(chart: Path) -> None:
    write(chart, "\nBUS_PORT=ninety\n")
    told = beside(chart, {})

    with pytest.raises(Malformed, match=r"\.env:2: BUS_PORT=ninety is not a port"), told.placing():
        Ports.from_environment(told.values)


def test_a_file_that_cannot_be_read_is_one_sentence(chart: Path) -> None:
    assert beside(chart, {"A": "1"}).values == {"A": "1"}
    chart.with_name(".env").write_bytes(b"A=1\nB=\xff\n")
    with pytest.raises(Malformed, match=r"\.env:2: this is not UTF-8; save it as UTF-8$"):
        beside(chart)
    chart.with_name(".env").unlink()
    chart.with_name(".env").mkdir()
    with pytest.raises(Malformed, match=r"\.env cannot be read: Is a directory; fix that, or remove the file$"):
        beside(chart)


def test_a_process_that_a_space_has_started_reads_no_file(chart: Path) -> None:
    write(chart, "GITHUB_PERSONAL_ACCESS_TOKEN=another's\n")
    by_hand = {"SRE_SPACE_CHART": str(chart)}

    assert of_process(by_hand).lines.values == {"GITHUB_PERSONAL_ACCESS_TOKEN": "another's"}
    assert of_process({**by_hand, "SRE_SPACE_UNIT": "scout@0123456789ab"}).lines.values == {}


def environments(chart: Path, text: str) -> dict[str, dict[str, str]]:
    """The environment of each process of a space with that file."""
    write(chart, text)
    told = beside(chart, {})
    logins = {name if name in AGENTS else "deployer": login for name, login in LOGINS.items()}
    away = elsewhere(settings.CommandLineSettings.read(told.lines), told.values, logins)
    plan = SpacePlan(SpaceState(chart.parent / "state"), Ports(), chart, "o", "r", told=told.values, away=away)
    return {one.name: environment_of(plan, one, TokenSetup(FORGE, {})) for one in processes(plan)}


def processes(plan: SpacePlan) -> list[Process]:
    """Those that it starts."""
    return [one for one in table(plan.state, plan.ports) if one.name not in plan.away.processes]


SECRETS = """
FORGE_URL=http://127.0.0.1:9/mcp
GITHUB_PERSONAL_ACCESS_TOKEN=ghp_everybody
FIXER_GITHUB_PERSONAL_ACCESS_TOKEN=ghp_fixer
DEPLOYER_GITHUB_PERSONAL_ACCESS_TOKEN=ghp_deployer
OPENAI_API_KEY=sk_brain
SRE_NOTIFY_URLS=json://people
"""


def test_secrets_reach_only_the_processes_whose_settings_declare_them(chart: Path) -> None:
    told = environments(chart, SECRETS)

    def holders(secret: str) -> set[str]:
        return {name for name, values in told.items() if secret in "\n".join(values.values())}

    assert holders("ghp_fixer") == {"fixer"}
    assert holders("ghp_deployer") == {"warden"}
    assert holders("ghp_everybody") == {"scout", "brain", "memory"}
    assert holders("sk_brain") == {"brain"}
    assert holders("json://people") == {"scout", "brain", "fixer", "warden"}
    assert all(not set(told[service]) & {"GITHUB_PERSONAL_ACCESS_TOKEN", "FORGE_URL"} for service in SERVICES)


def test_a_token_without_a_forge_elsewhere_reaches_nobody(chart: Path) -> None:
    told = environments(chart, "GITHUB_PERSONAL_ACCESS_TOKEN=ghp_everybody\n")

    assert "ghp_everybody" not in str(told)
    assert told["fixer"]["GITHUB_PERSONAL_ACCESS_TOKEN"] == "made by the space"


def test_what_is_handed_to_a_process_is_declared_by_its_settings() -> None:
    for process, names in HANDED.items():
        assert {name.lower() for name in names} <= settings.PROCESSES[process].model_fields.keys()


def test_a_value_that_a_process_would_refuse_stops_up_before_anything_is_started(chart: Path) -> None:
    chart.write_text((Path(__file__).resolve().parents[2] / "sre-space.yaml").read_text())
    write(chart, "\n\nSLO_WINDOW_SCALE=2\n")
    told = beside(chart, {})
    plan = SpacePlan(SpaceState(chart.parent / "state"), Ports(), chart, "o", "r", told=told.values)

    told_ = r"\.env:3: SLO_WINDOW_SCALE: Input should be less than or equal to 1"
    with pytest.raises(Malformed, match=told_), told.placing():
        must_be_met(plan)
