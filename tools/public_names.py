"""Every public name of SRE-Space, read from the code: what others write scripts, dashboards and readers against.

    python tools/public_names.py           # prints them
    python tools/public_names.py --record  # `make record-names`: writes tests/compat/names.txt

One name a line, its kind first. A name that a release has (`tests/compat/RELEASE/names.txt`) may not
go or change: a test compares, and `--record` refuses.
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
from sre_space import exits, settings
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.cli.audit import document as audit_document
from sre_space.cli.main import app
from sre_space.cli.story import Story
from sre_space.codec import record_mac, symptom_report, topics
from sre_space.codec.doorbell import WakeUp
from sre_space.codec.footer import KEYS
from sre_space.deployment.journal import Deployment
from sre_space.domain import labels
from sre_space.record import order
from sre_space.record.audit import Audit
from sre_space.text.diagnosis_report import document as diagnosis_document
from traffic.settings import Settings as TrafficSettings
from user_service.settings import Settings as UserSettings

ROOT = Path(__file__).resolve().parents[1]
NAMES = ROOT / "tests" / "compat" / "names.txt"
BESIDE = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "SRE_CHAOS_HOME", "SRE_SPACE_UNIT", "SRE_SPACE_RECORD")


def names() -> list[str]:
    """All of them, sorted."""
    found = [*_topics(), *_labels(), *_metrics(), *_variables(), *_commands(), *_documents(), *_exit_codes()]
    found += [f"footer-key {key}" for key in KEYS]
    found += [*(f"order-key {key}" for key in order.KEYS), *(f"order {verb}" for verb in order.VERBS)]
    found += [f"experiment {name}" for name in EXPERIMENTS]
    return sorted(set(found))


def released() -> Mapping[str, str]:
    """The release that had each name first, by name."""
    found: dict[str, str] = {}
    for path in sorted(NAMES.parent.glob("*/names.txt"), reverse=True):
        found |= dict.fromkeys(path.read_text().splitlines(), path.parent.name)
    return found


def gone(now: Iterable[str]) -> list[str]:
    """A sentence for each released name that the code has no more."""
    kept = set(now)
    remedy = "bring it back; an alias beside the new name will do (docs/compatibility.md)"
    return [f"a released name is gone: {name} (since {since}); {remedy}" for name, since in released().items()
            if name not in kept]  # fmt: skip


def _topics() -> Iterator[str]:
    told: Mapping[str, Iterable[str]] = {
        topics.FACTS: json.loads(WakeUp(1, 1).encoded),
        topics.SIGHTINGS: [one.name for one in fields(symptom_report.SymptomReport)],
        topics.CHANGES: _changes(),
    }
    for topic in {*told, *record_mac.COVERED}:
        yield f"topic {topic}"
        yield from (f"field {topic} {name}" for name in told.get(topic, ()))
    yield from (f"header {topics.SIGHTINGS} {name}" for name in (symptom_report.KEY, symptom_report.SIGNATURE))
    yield from (f"header {topic} {record_mac.HEADER}" for topic in record_mac.COVERED)


def _changes() -> set[str]:
    """What a deployment tells: the literal keys of its module's dictionaries."""
    nodes = ast.walk(_parsed(_file(sre_space.deployment.deploy)))
    keys = [key for node in nodes if isinstance(node, ast.Dict) for key in node.keys]
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def _labels() -> Iterator[str]:
    return (f"label {value}" for name, value in vars(labels).items() if name.isupper() and isinstance(value, str))


def _metrics() -> Iterator[str]:
    """The first argument of every instrument that the agents make."""
    for path in _sources(Path(_file(sre_space)).parent):
        for call in (node for node in ast.walk(_parsed(path)) if isinstance(node, ast.Call)):
            made = isinstance(call.func, ast.Attribute) and re.match(
                r"create_(\w+_)?(counter|gauge|histogram)", call.func.attr
            )
            if made and call.args and isinstance(call.args[0], ast.Constant):
                yield f"metric {call.args[0].value!s}"


def _variables() -> Iterator[str]:
    ours = [one for one in vars(settings).values() if isinstance(one, type) and issubclass(one, settings.SpaceSettings)]
    settled: tuple[type[BaseModel], ...] = (*ours, QuoteSettings, PolicySettings, UserSettings, TrafficSettings)
    for variable in (*BESIDE, *(name.upper() for one in settled for name in one.model_fields)):
        yield f"variable {variable}"


def _commands() -> Iterator[str]:
    yield from _command("sre-space", app)
    yield from (f"option trigger_chaos.py {one}" for one in _options_told(sre_chaos.cli))
    yield "verb trigger_chaos.py NAME"


def _command(name: str, command: click.Command) -> Iterator[str]:
    """A command with its options and arguments, and all below it."""
    below = getattr(command, "commands", {})
    for word, one in below.items():
        yield from _command(f"{name} {word}", one)
    if below:
        return
    yield f"verb {name}"
    for one in command.params:
        if one.param_type_name == "argument":
            yield f"argument {name} {one.name.upper()}"
        else:
            yield from (f"option {name} {told}" for told in (*one.opts, *one.secondary_opts))
            yield from (
                f"variable {told}" for told in ([one.envvar] if isinstance(one.envvar, str) else one.envvar or ())
            )


def _options_told(module: ModuleType) -> set[str]:
    """Every option that a command's help names."""
    told = io.StringIO()
    with redirect_stdout(told), suppress(SystemExit):
        module.main(["--help"])
    return set(re.findall(r"--[a-z][a-z-]*", told.getvalue()))


def _documents() -> Iterator[str]:
    """The keys of what `--json` prints."""
    told: Mapping[str, object] = {
        "sre-space audit": audit_document(sample(Audit)),
        "sre-space diagnose": diagnosis_document("a case", sample(CaseDiagnosis), 1.0),
        "sre-space demo": sample(Story).as_json(),
        "sre-space deploy": asdict(sample(Deployment)),
    }
    for command, document in told.items():
        yield from (f"json {command} {key}" for key in _keys(document))
    yield from (f"json trigger_chaos.py {key}" for key in _dumped(_file(sre_chaos.cli)))


def _keys(document: object, above: str = "") -> Iterator[str]:
    """Every key, with those above it."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield f"{above}{name}"
            yield from _keys(value, f"{above}{name}.")
    elif isinstance(document, list | tuple):
        for one in document:
            yield from _keys(one, above)


def _dumped(path: Path) -> set[str]:
    """The literal keys of what a module gives to `json.dumps`."""
    calls = [node for node in ast.walk(_parsed(path)) if isinstance(node, ast.Call)]
    dumped = [call.args[0] for call in calls if ast.unparse(call.func) == "json.dumps" and call.args]
    keys = [key for one in dumped if isinstance(one, ast.Dict) for key in one.keys]
    return {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def _exit_codes() -> Iterator[str]:
    """0, and each status that the command line ends with."""
    statuses = (exits.FAILED, exits.USAGE, exits.UNREACHABLE, exits.INTERRUPTED, exits.PIPE_CLOSED)
    yield from (f"exit {status}" for status in (0, *statuses))


def sample(kind: Any) -> Any:  # noqa: ANN401 - of whatever type is asked for
    """A value of a type: one element in each collection, the first choice of each union and enumeration."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{one.name: sample(hints[one.name]) for one in fields(kind) if one.init})
    if origin in (Union, UnionType):
        return sample(next(one for one in arguments if one is not NoneType))
    if origin is Literal:
        return arguments[0]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return _sampled(origin or kind, arguments)


def _sampled(kind: Any, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - same
    if isinstance(kind, type) and issubclass(kind, Mapping):
        return {sample(arguments[0]): sample(arguments[1])}
    if isinstance(kind, type) and kind is not str and issubclass(kind, tuple | list | set | frozenset):
        return kind([sample(one) for one in arguments if one is not Ellipsis])
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
    """Print, or record; 1 when a released name is gone."""
    parser = argparse.ArgumentParser(description="The public names of SRE-Space.")
    parser.add_argument("--record", action="store_true", help=f"write {NAMES.relative_to(ROOT)}")
    asked, found = parser.parse_args(), names()
    if asked.record:
        for told in (missing := gone(found)):
            sys.stderr.write(f"{told}\n")
        if missing:
            return 1
        NAMES.write_text("".join(f"{name}\n" for name in found))
    else:
        print("\n".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
