"""Documentation is tested: every setting, fault and command that exists is written down, and nothing else."""

import doctest
import importlib
import inspect
import re
import runpy
import tomllib
from pathlib import Path

import click
import pytest
from pydantic import BaseModel
from support.commands import DOCUMENTED, VERBS
from support.planned import CONFIG

from policy_service.settings import Settings as PolicySettings
from quote_service.settings import Settings as QuoteSettings
from sre_chaos.experiments import EXPERIMENTS
from sre_embedded import settings as embedded_settings
from sre_embedded.servers.bus.server import Broker
from sre_embedded.space.environment import PASSED_SETTINGS
from sre_embedded.space.ports import Ports
from sre_embedded.space.process_file import ProcessFile
from sre_space import settings
from sre_space.adapters import config_desired, config_journeys, config_schema
from sre_space.bootstrap.space.servers import HEADERS, RECORD_KEY
from sre_space.cli.edge import LazyCommand, function_of
from sre_space.cli.main import app
from sre_space.codec.env_lines import parse_env
from traffic.settings import Settings as TrafficSettings
from user_service.settings import Settings as UserSettings

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ProcessFile.beside(CONFIG, {}, ())
APPLICATION_PORTS = set(PROCESSES.ports({})) if PROCESSES else set[str]()
BESIDE = {
    "XDG_STATE_HOME",
    "SRE_CHAOS_HOME",
    *(f"SRE_CHAOS_{one}" for one in ("DOOR", "DATABASES", "DATABASE_URL")),
}  # read by the command lines themselves


def _is_ours(path: Path) -> bool:
    """Return True for a path outside of virtual environments and build folders."""
    return not any(part == "build" or part.startswith(".venv") for part in path.relative_to(ROOT).parts)


SHOWN = [path for path in sorted(ROOT.glob("**/src/**/*.py")) if _is_ours(path) and ">>> " in path.read_text()]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_what_a_docstring_shows_is_what_happens(path: Path) -> None:
    module = path.parts[len(path.parts) - path.parts[::-1].index("src") :]
    done = doctest.testmod(importlib.import_module(".".join((*module[:-1], path.stem))))

    assert done.attempted
    assert not done.failed


def test_every_key_of_the_configuration_is_written_down_and_no_other_key_is_left_over() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    entries = [
        one
        for one in (vars(config_schema) | vars(config_desired) | vars(config_journeys)).values()
        if isinstance(one, type) and issubclass(one, BaseModel)
    ]
    keys = {field.alias or name for entry in entries for name, field in entry.model_fields.items()}
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)

    assert keys - {"days", "since", "until"} - set(re.findall(r"`(\w+)`", page)) == set()
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} - keys == set()


def test_every_setting_has_a_heading_with_its_meaning_and_no_heading_is_left_over() -> None:
    text = (ROOT / "docs/settings.md").read_text()
    declared = [*vars(settings).values(), *vars(embedded_settings).values()]
    ours = {one for one in declared if isinstance(one, type) and issubclass(one, settings.SpaceSettings)}
    settled: tuple[type[BaseModel], ...] = (*ours, QuoteSettings, PolicySettings, UserSettings, TrafficSettings)
    fields = {name.upper(): field.description for one in settled for name, field in one.model_fields.items()}

    assert set(re.findall(r"^## (\w+)$", text, re.MULTILINE)) == set(fields) | BESIDE | APPLICATION_PORTS
    for description in fields.values():
        assert description
        assert description[1:] in text


def test_every_fault_is_described_as_it_is() -> None:
    text = (ROOT / "docs/faults.md").read_text()
    rows = dict(re.findall(r"^\| `([\w-]+)` \|(.*)\|$", text, re.MULTILINE))

    assert set(rows) == set(EXPERIMENTS)
    for name, one in EXPERIMENTS.items():
        assert f"## {name}" in text
        for told in (*one.services, one.what, one.truth.kind, *one.truth.remedies):
            assert told in rows[name]


def test_it_is_said_of_every_fault_how_it_is_had_on_compose() -> None:
    table = (ROOT / "docs/compose.md").read_text().partition("| experiments |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([a-z][\w, -]*) \| .+ \| .+ \|$", table, re.MULTILINE)

    assert sorted(name for row in rows for name in row.split(", ")) == sorted(EXPERIMENTS)


def test_every_command_is_described_with_its_options_and_statuses() -> None:
    assert set(DOCUMENTED) == set(VERBS)
    for verb, command in VERBS.items():
        row = DOCUMENTED[verb]
        options = {one for parameter in command.params if isinstance(parameter, click.Option) for one in parameter.opts}
        arguments = [one.human_readable_name for one in command.params if isinstance(one, click.Argument)]
        assert set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", row.options)) == options, verb
        assert row.command == " ".join(("sre-space", verb, *arguments))
        assert {0, 2} <= row.statuses


def test_a_verb_takes_the_options_that_its_table_names() -> None:
    for verb, command in VERBS.items():
        assert isinstance(command, LazyCommand)
        assert set(inspect.signature(function_of(command)).parameters) == {one.name for one in command.params}, verb
        assert command.help
        assert not re.search("doctor|patient|judge|disease", command.help)


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    names = set(app.commands)

    assert {name for name in names if f"sre-space {name}" not in text and f"`{name}`" not in text} == set()


def test_the_example_environment_names_what_a_person_may_set() -> None:
    text = (ROOT / ".env.example").read_text()
    names = re.findall(r"^(\w+)=$", text, re.MULTILINE)
    handed = {name for some in PASSED_SETTINGS.values() for name in some} | {HEADERS, RECORD_KEY}
    command = {name.upper() for name in settings.CommandLineSettings.model_fields} - {
        "SRE_SPACE_CHART"
    }  # beside which it lies
    ports = {name.upper() for name in Ports().numbers} | APPLICATION_PORTS

    assert parse_env(text, ".env").values == {}
    assert sorted(names) == sorted(handed | command | ports)


def test_every_direct_dependency_carries_its_reason() -> None:
    blocks = re.findall(
        r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL
    )

    assert blocks
    assert all("#" in line for block in blocks for line in block.splitlines())


BESIDES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "embedded/README.md", "evaluation/README.md")
TOLD = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in BESIDES)]  # decisions are history
OURS = [path for path in ROOT.glob("**/*.py") if _is_ours(path)]


@pytest.mark.parametrize("page", TOLD, ids=lambda path: path.name)
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`([\w./-]+\.py)`|\b(\w+/[\w/]+\.py)", page.read_text()))
    paths = {f"/{path.relative_to(ROOT)}" for path in OURS}

    wanted = {one or other for one, other in named}
    assert {name for name in wanted if not any(path.endswith(f"/{name}") for path in paths)} == set()


@pytest.mark.parametrize("page", TOLD, ids=lambda path: path.name)
def test_every_page_and_heading_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)[^)]*\)(?:, \"([^\"]+)\")?", page.read_text())

    for target, heading in links:
        linked = page.parent / target
        assert linked.exists(), target
        assert not heading or heading.lower() in linked.read_text().lower(), (target, heading)


@pytest.mark.parametrize("page", TOLD, ids=lambda path: path.name)
def test_every_command_and_target_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    commands = set(app.commands)
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"`sre-space ([a-z]+)", text)) <= commands
    assert set(re.findall(r"`(?:\w+ )?make ([a-z-]+)", text)) <= targets


@pytest.mark.parametrize(
    ("heading", "contract"),
    [
        ("| folder |", "Layers point downward"),
        ("| folder of the embedded space |", "The embedded space's layers point downward"),
    ],
)
def test_a_table_of_layers_has_every_folder_in_the_order_of_the_contract(heading: str, contract: str) -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index(heading) :].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", table, re.MULTILINE)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["name"] == contract)

    assert rows == re.findall(r"\w+", " ".join(layers))


def test_the_index_of_decisions_is_complete() -> None:
    folder = ROOT / "docs/decisions"
    rows = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.*) \|$", (folder / "README.md").read_text(), re.MULTILINE)
    records = {path.name: path.read_text().splitlines() for path in sorted(folder.glob("0*.md"))}

    assert [name for _, name, _ in rows] == list(records)
    assert [f"# {number}. {title}" for number, _, title in rows] == [lines[0] for lines in records.values()]
    assert all(lines[2].startswith("Status: ") for lines in records.values())


CALLS = {  # of Kafka's protocol, by number
    0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 8: "OffsetCommit", 9: "OffsetFetch",
    10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat", 13: "LeaveGroup", 14: "SyncGroup", 15: "DescribeGroups",
    16: "ListGroups", 18: "ApiVersions", 19: "CreateTopics", 22: "InitProducerId", 32: "DescribeConfigs",
}  # fmt: skip


def test_the_calls_of_the_broker_are_those_that_its_record_lists(tmp_path: Path) -> None:
    text = (ROOT / "docs/decisions/0002-embedded-servers-speak-real-protocols.md").read_text()
    line = next(one for one in text.splitlines() if one.startswith("- **Kafka**"))
    listed = {name: (int(low), int(high)) for name, low, high in re.findall(r"(\w+) (\d+)-(\d+)", line)}
    broker = Broker(tmp_path, 1)

    assert listed == {CALLS[key]: (api.low, api.high) for key, api in broker.apis.items()}


def test_no_page_and_no_code_cites_what_is_not_in_the_repository() -> None:
    written = [path for path in (*OURS, *ROOT.glob("docs/**/*.md"), *TOLD) if path != Path(__file__)]

    assert [path for path in written if "DESIGN" in path.read_text()] == []


def test_the_faults_a_day_are_derived_from_what_was_measured() -> None:
    told = runpy.run_path(str(ROOT / "tools/faults_a_day.py"))
    text = told["DOCUMENT"].read_text()
    failed = told["measured"](text)

    assert set(failed) == {name for name, one in EXPERIMENTS.items() if one.truth.remedies or name == "traffic-surge"}
    assert told["ALLOWED"] == 432
    assert f"\n{told['table'](failed)}\n" in text
