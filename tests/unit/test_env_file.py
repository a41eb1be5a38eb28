"""Where settings come from: the environment, then `.env` beside the configuration, then defaults; and for whom."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.planned import planned, table
from support.world import SERVICES

from sre_embedded.settings import PROCESSES
from sre_embedded.space.environment import PASSED_SETTINGS, SpacePlan, TokenSetup, environment_of
from sre_embedded.space.ports import Ports
from sre_embedded.space.processes import LOGINS, Process
from sre_embedded.space.requirements import check_requirements
from sre_space import settings
from sre_space.bootstrap.space.servers import external_servers
from sre_space.domain.errors import Malformed
from sre_space.env_file import environment_beside, environment_of_process

FORGE = dict.fromkeys(LOGINS.values(), "made by the space")


@pytest.fixture
def config_path(tmp_path: Path) -> Path:
    """Where a configuration would lie."""
    return tmp_path / "sre-space.yaml"


def write(config_path: Path, text: str) -> None:
    """Write the `.env` file beside the configuration."""
    config_path.with_name(".env").write_text(text)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    config_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config_path, "REPO_OWNER=file\nREPO_NAME=file\nPOLL_SECONDS=3\n")
    monkeypatch.setenv("repo_name", "environment")
    for name in ("REPO_OWNER", "POLL_SECONDS", "JAEGER_URL"):
        monkeypatch.delenv(name, raising=False)

    variables = environment_beside(config_path)
    brain = settings.BrainSettings.read(variables.lines)

    assert (brain.repo_owner, brain.repo_name, brain.poll_seconds) == ("file", "environment", 3)
    assert brain.jaeger_url == "http://127.0.0.1:16686"
    assert variables.values["REPO_OWNER"] == "file"


def test_an_empty_value_of_the_environment_wins_too(config_path: Path) -> None:
    write(config_path, "FORGE_URL=http://elsewhere/mcp\n")

    assert environment_beside(config_path, {"FORGE_URL": ""}).values == {"FORGE_URL": ""}


def test_a_wrong_value_names_the_place_that_it_comes_from(config_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLL_SECONDS", raising=False)
    write(config_path, "# often\nPOLL_SECONDS=often\n")

    with pytest.raises(
        Malformed, match=r"\.env:2: POLL_SECONDS: Input should be a valid number.*; see docs/settings.md"
    ):
        settings.ScoutSettings.read(environment_beside(config_path).lines)
    monkeypatch.setenv("POLL_SECONDS", "seldom")
    with pytest.raises(Malformed, match=r"^POLL_SECONDS: Input should be a valid number"):
        settings.ScoutSettings.read(environment_beside(config_path).lines)


def test_up_names_the_line_of_a_port_that_is_none(config_path: Path) -> None:
    write(config_path, "\nBUS_PORT=ninety\n")
    variables = environment_beside(config_path, {})

    with pytest.raises(Malformed, match=r"\.env:2: BUS_PORT=ninety is not a port"), variables.locating_errors():
        Ports.from_environment(variables.values)


def test_a_file_that_cannot_be_read_is_one_sentence(config_path: Path) -> None:
    assert environment_beside(config_path, {"A": "1"}).values == {"A": "1"}
    config_path.with_name(".env").write_bytes(b"A=1\nB=\xff\n")
    with pytest.raises(Malformed, match=r"\.env:2: this is not UTF-8; save it as UTF-8$"):
        environment_beside(config_path)
    config_path.with_name(".env").unlink()
    config_path.with_name(".env").mkdir()
    with pytest.raises(Malformed, match=r"\.env cannot be read: Is a directory; fix that, or remove the file$"):
        environment_beside(config_path)


def test_a_process_that_a_space_has_started_reads_no_file(config_path: Path) -> None:
    write(config_path, "GITHUB_PERSONAL_ACCESS_TOKEN=another's\n")
    by_hand = {"SRE_SPACE_CHART": str(config_path)}

    assert environment_of_process(by_hand).lines.values == {"GITHUB_PERSONAL_ACCESS_TOKEN": "another's"}
    assert environment_of_process({**by_hand, "SRE_SPACE_UNIT": "scout@0123456789ab"}).lines.values == {}


def environments(config_path: Path, text: str) -> dict[str, dict[str, str]]:
    """Return the environment of each process of a space whose `.env` file holds this text."""
    write(config_path, text)
    variables = environment_beside(config_path, {})
    external = external_servers(settings.CommandLineSettings.read(variables.lines), variables.values, LOGINS)
    plan = replace(planned(config_path.parent / "state"), variables=variables.values, external=external)
    return {one.name: environment_of(plan, one, TokenSetup(FORGE, {})) for one in processes(plan)}


def processes(plan: SpacePlan) -> list[Process]:
    """Those that it starts."""
    return [one for one in table(plan) if one.name not in plan.external.processes]


SECRETS = """
FORGE_URL=http://127.0.0.1:9/mcp
GITHUB_PERSONAL_ACCESS_TOKEN=ghp_everybody
FIXER_GITHUB_PERSONAL_ACCESS_TOKEN=ghp_fixer
DEPLOYER_GITHUB_PERSONAL_ACCESS_TOKEN=ghp_deployer
OPENAI_API_KEY=sk_brain
SRE_NOTIFY_URLS=json://people
"""


def test_secrets_reach_only_the_processes_whose_settings_declare_them(config_path: Path) -> None:
    variables = environments(config_path, SECRETS)

    def holders(secret: str) -> set[str]:
        return {name for name, values in variables.items() if secret in "\n".join(values.values())}

    assert holders("ghp_fixer") == {"fixer"}
    assert holders("ghp_deployer") == {"deployer"}
    assert holders("ghp_everybody") == {"scout", "brain", "memory", "dashboard"}
    assert holders("sk_brain") == {"brain"}
    assert holders("json://people") == {"scout", "brain", "fixer", "warden"}
    assert all(not set(variables[service]) & {"GITHUB_PERSONAL_ACCESS_TOKEN", "FORGE_URL"} for service in SERVICES)


def test_a_token_without_a_forge_elsewhere_reaches_nobody(config_path: Path) -> None:
    variables = environments(config_path, "GITHUB_PERSONAL_ACCESS_TOKEN=ghp_everybody\n")

    assert "ghp_everybody" not in str(variables)
    assert variables["fixer"]["GITHUB_PERSONAL_ACCESS_TOKEN"] == "made by the space"


def test_what_is_handed_to_a_process_is_declared_by_its_settings() -> None:
    for process, names in PASSED_SETTINGS.items():
        assert {name.lower() for name in names} <= PROCESSES[process].model_fields.keys()


def test_a_value_that_a_process_would_refuse_stops_up_before_anything_is_started(config_path: Path) -> None:
    config_path.write_text((Path(__file__).resolve().parents[2] / "sre-space.yaml").read_text())
    write(config_path, "\n\nSLO_WINDOW_SCALE=2\n")
    variables = environment_beside(config_path, {})
    plan = replace(planned(config_path.parent / "state"), config_path=config_path, variables=variables.values)

    told_ = r"\.env:3: SLO_WINDOW_SCALE: Input should be less than or equal to 1"
    with pytest.raises(Malformed, match=told_), variables.locating_errors():
        check_requirements(plan)
