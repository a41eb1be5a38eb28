"""Every public name of SRE-Space, read from the code: those that scripts, dashboards and readers depend on.

    python tools/public_names.py           # prints them
    python tools/public_names.py --record  # `make record-names`: writes tests/compat/names.txt

One name a line, its kind first. A released name (`tests/compat/RELEASE/names.txt`) must not be removed
or changed: a test compares, and `--record` refuses.
"""

import argparse
import ast
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click
from pydantic import BaseModel

import sre_chaos.cli
import sre_space
import sre_space.cli
import sre_space.deployment.deploy
from policy_service.settings import Settings as PolicySettings
from quote_service.settings import Settings as QuoteSettings
from sre_chaos.experiments import EXPERIMENTS
from sre_embedded import settings as embedded_settings
from sre_embedded.cli.story import Story
from sre_embedded.space.process_file import ProcessFile
from sre_space import exits, settings
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.cli.audit import document as audit_document
from sre_space.cli.main import app
from sre_space.codec import record_mac, symptom_report, topics
from sre_space.codec.footer import KEYS
from sre_space.codec.wake_ups import WakeUp
from sre_space.deployment.journal import Deployment
from sre_space.domain import labels
from sre_space.record import order_format
from sre_space.record.audit import Audit
from sre_space.text.diagnosis_report import document as diagnosis_document
from traffic.settings import Settings as TrafficSettings
from user_service.settings import Settings as UserSettings

ROOT = Path(__file__).resolve().parents[1]
NAMES = ROOT / "tests" / "compat" / "names.txt"
BESIDE = (
    "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "SRE_CHAOS_HOME", "SRE_CHAOS_DOOR", "SRE_CHAOS_DATABASES",
    "SRE_CHAOS_DATABASE_URL", "SRE_SPACE_UNIT", "SRE_SPACE_RECORD",
)  # fmt: skip


def names() -> list[str]:
    """Return all public names, sorted."""
    listed = [*_topics(), *_labels(), *_metrics(), *_variables(), *_commands(), *_documents(), *_exit_codes()]
    listed += [f"footer-key {key}" for key in KEYS]
    listed += [*(f"order-key {key}" for key in order_format.KEYS), *(f"order {verb}" for verb in order_format.VERBS)]
    listed += [f"experiment {name}" for name in EXPERIMENTS]
    return sorted(set(listed))


def released() -> Mapping[str, str]:
    """Return the first release of each name, by name."""
    releases: dict[str, str] = {}
    for path in sorted(NAMES.parent.glob("*/names.txt"), reverse=True):
        releases |= dict.fromkeys(path.read_text().splitlines(), path.parent.name)
    return releases


def gone(now: Iterable[str]) -> list[str]:
    """Return a sentence for each released name that is no longer in the code."""
    present = set(now)
    remedy = "bring it back; an alias beside the new name will do (docs/compatibility.md)"
    return [f"a released name is gone: {name} (since {since}); {remedy}" for name, since in released().items()
            if name not in present]  # fmt: skip


def _topics() -> Iterator[str]:
    fields_by_topic: Mapping[str, Iterable[str]] = {
        topics.FACTS: json.loads(WakeUp(1, 1).encoded),
        topics.SYMPTOM_REPORTS: [field.name for field in fields(symptom_report.SymptomReport)],
        topics.CHANGES: _changes(),
    }
    for topic in {*fields_by_topic, *record_mac.COVERED}:
        yield f"topic {topic}"
        yield from (f"field {topic} {name}" for name in fields_by_topic.get(topic, ()))
    yield from (f"header {topics.SYMPTOM_REPORTS} {name}" for name in (symptom_report.KEY, symptom_report.SIGNATURE))
    yield from (f"header {topic} {record_mac.HEADER}" for topic in record_mac.COVERED)


def _changes() -> set[str]:
    """Return the fields of a deployment's events: the literal keys of its module's dictionaries."""
    nodes = ast.walk(_parsed(_file(sre_space.deployment.deploy)))
    keys = [key for node in nodes if isinstance(node, ast.Dict) for key in node.keys]
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def _labels() -> Iterator[str]:
    return (f"label {value}" for name, value in vars(labels).items() if name.isupper() and isinstance(value, str))


def _metrics() -> Iterator[str]:
    """Yield the name of every metric: the first argument of each instrument that the code creates."""
    for path in _sources(Path(_file(sre_space)).parent):
        for call in (node for node in ast.walk(_parsed(path)) if isinstance(node, ast.Call)):
            is_instrument = isinstance(call.func, ast.Attribute) and re.match(
                r"create_(\w+_)?(counter|gauge|histogram)", call.func.attr
            )
            if is_instrument and call.args and isinstance(call.args[0], ast.Constant):
                yield f"metric {call.args[0].value!s}"


def _variables() -> Iterator[str]:
    ours = [
        candidate
        for candidate in (*vars(settings).values(), *vars(embedded_settings).values())
        if isinstance(candidate, type) and issubclass(candidate, settings.SpaceSettings)
    ]
    classes: tuple[type[BaseModel], ...] = (*ours, QuoteSettings, PolicySettings, UserSettings, TrafficSettings)
    for variable in (*BESIDE, *(name.upper() for candidate in classes for name in candidate.model_fields)):
        yield f"variable {variable}"
    processes = ProcessFile.beside(ROOT / "sre-space.yaml", {}, ())
    yield from (f"variable {variable}" for variable in (processes.ports({}) if processes else ()))


def _commands() -> Iterator[str]:
    yield from _command("sre-space", app)
    yield from (f"option trigger_chaos.py {option}" for option in _options_in_help(sre_chaos.cli))
    yield "verb trigger_chaos.py NAME"


def _command(name: str, command: click.Command) -> Iterator[str]:
    """Yield a command with its options and arguments, and all of its subcommands."""
    subcommands = getattr(command, "commands", {})
    for verb, subcommand in subcommands.items():
        yield from _command(f"{name} {verb}", subcommand)
    if subcommands:
        return
    yield f"verb {name}"
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            yield f"argument {name} {parameter.name.upper()}"
        else:
            yield from (f"option {name} {spelling}" for spelling in (*parameter.opts, *parameter.secondary_opts))
            yield from (
                f"variable {spelling}"
                for spelling in ([parameter.envvar] if isinstance(parameter.envvar, str) else parameter.envvar or ())
            )


def _options_in_help(module: ModuleType) -> set[str]:
    """Return every option in a command's help."""
    output = io.StringIO()
    with redirect_stdout(output), suppress(SystemExit):
        module.main(["--help"])
    return set(re.findall(r"--[a-z][a-z-]*", output.getvalue()))


def _documents() -> Iterator[str]:
    """Yield the keys of the JSON that `--json` prints."""
    documents: Mapping[str, object] = {
        "sre-space audit": audit_document(sample(Audit)),
        "sre-space diagnose": diagnosis_document("a case", sample(CaseDiagnosis), 1.0),
        "sre-space demo": sample(Story).as_json(),
        "sre-space deploy": asdict(sample(Deployment)),
    }
    for command, document in documents.items():
        yield from (f"json {command} {key}" for key in _keys(document))
    yield from (f"json trigger_chaos.py {key}" for key in _dumped(_file(sre_chaos.cli)))


def _keys(document: object, prefix: str = "") -> Iterator[str]:
    """Yield every key as a dotted path."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield f"{prefix}{name}"
            yield from _keys(value, f"{prefix}{name}.")
    elif isinstance(document, list | tuple):
        for item in document:
            yield from _keys(item, prefix)


def _dumped(path: Path) -> set[str]:
    """Return the literal keys of the dictionaries that a module passes to `json.dumps`."""
    calls = [node for node in ast.walk(_parsed(path)) if isinstance(node, ast.Call)]
    dumped = [call.args[0] for call in calls if ast.unparse(call.func) == "json.dumps" and call.args]
    keys = [key for node in dumped if isinstance(node, ast.Dict) for key in node.keys]
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def _exit_codes() -> Iterator[str]:
    """Yield every exit status of the command line."""
    statuses = (exits.FAILED, exits.USAGE, exits.UNREACHABLE, exits.INTERRUPTED, exits.PIPE_CLOSED)
    yield from (f"exit {status}" for status in (0, *statuses))


def sample(kind: Any) -> Any:  # noqa: ANN401 - of the given type
    """Return a value of a type: one element in each collection, the first choice of each union and enumeration."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{field.name: sample(hints[field.name]) for field in fields(kind) if field.init})
    if origin in (Union, UnionType):
        return sample(next(choice for choice in arguments if choice is not NoneType))
    if origin is Literal:
        return arguments[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return _sampled(origin or kind, arguments)


def _sampled(kind: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - same
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return {sample(arguments[0]): sample(arguments[1])}
    if isinstance(kind, type) and kind is not str and issubclass(kind, tuple | list | set | frozenset):
        return kind([sample(argument) for argument in arguments if argument is not Ellipsis])
    if isinstance(kind, type) and kind not in (str, bytes) and issubclass(kind, Iterable):
        return (sample(arguments[0]),)
    return kind(1) if kind in (int, float, bool) else kind()


def _file(module: ModuleType) -> Path:
    assert module.__file__ is not None
    return Path(module.__file__)


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def main() -> int:
    """Print or record the names, and return the exit status: 1 when a released name is gone."""
    parser = argparse.ArgumentParser(description="The public names of SRE-Space.")
    parser.add_argument("--record", action="store_true", help=f"write {NAMES.relative_to(ROOT)}")
    options, listed = parser.parse_args(), names()
    if options.record:
        for sentence in (missing := gone(listed)):
            sys.stderr.write(f"{sentence}\n")
        if missing:
            return 1
        NAMES.write_text("".join(f"{name}\n" for name in listed))
    else:
        print("\n".join(listed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
