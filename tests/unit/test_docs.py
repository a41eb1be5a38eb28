"""Documentation is tested: every setting, fault and command that exists is written down, and nothing else."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import click
import pytest
from pydantic import BaseModel
from support.commands import DOCUMENTED, VERBS

from policy_service.settings import Settings as PolicySettings
from quote_service.settings import Settings as QuoteSettings
from sre_chaos.experiments import EXPERIMENTS
from sre_space import settings
from sre_space.entrypoints.cli import app
from sre_space.entrypoints.edge import Lazy, function_of
from traffic.settings import Settings as TrafficSettings
from user_service.settings import Settings as UserSettings

ROOT = Path(__file__).resolve().parents[2]
BESIDE = {"XDG_STATE_HOME", "SRE_CHAOS_HOME"}  # read by the command lines themselves

SHOWN = [
    path for path in sorted(ROOT.glob("**/src/**/*.py")) if ".venv" not in path.parts and ">>> " in path.read_text()
]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.stem)
def test_what_a_docstring_shows_is_what_happens(path: Path) -> None:
    module = path.parts[len(path.parts) - path.parts[::-1].index("src") :]
    done = doctest.testmod(importlib.import_module(".".join((*module[:-1], path.stem))))

    assert done.attempted
    assert not done.failed


def test_every_setting_has_a_heading_with_its_meaning_and_no_heading_is_left_over() -> None:
    text = (ROOT / "docs/settings.md").read_text()
    ours = [one for one in vars(settings).values() if isinstance(one, type) and issubclass(one, settings.Space)]
    settled: tuple[type[BaseModel], ...] = (*ours, QuoteSettings, PolicySettings, UserSettings, TrafficSettings)
    fields = {name.upper(): field.description for one in settled for name, field in one.model_fields.items()}

    assert set(re.findall(r"^## (\w+)$", text, re.MULTILINE)) == set(fields) | BESIDE
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
        assert isinstance(command, Lazy)
        assert set(inspect.signature(function_of(command)).parameters) == {one.name for one in command.params}, verb
        assert command.help
        assert not re.search("doctor|patient|judge|disease", command.help)


def test_every_command_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    names = set(app.commands)

    assert {name for name in names if f"sre-space {name}" not in text and f"`{name}`" not in text} == set()


def test_the_example_environment_names_what_a_person_may_set() -> None:
    names = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert names == ["GITHUB_PERSONAL_ACCESS_TOKEN", "OPENAI_API_KEY", "REPO_OWNER", "REPO_NAME"]


def test_every_direct_dependency_carries_its_reason() -> None:
    blocks = re.findall(
        r"^dependencies = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL
    )

    assert blocks
    assert all("#" in line for block in blocks for line in block.splitlines())
