"""`sre-space diagnose`: the engine on files, on a set of cases, on a live Jaeger, or again on an incident's bundle."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from sre_space.bootstrap.diagnose import Answer, diagnose_folder, diagnose_jaeger, diagnose_set
from sre_space.bootstrap.diagnose_again import diagnose_again
from sre_space.bootstrap.space_state import State
from sre_space.domain.errors import Malformed
from sre_space.entrypoints.options import StateOption
from sre_space.wire.changes import time_of
from sre_space.wire.diagnosis_text import document, report

IncidentOption = Annotated[Path | None, typer.Option("--incident", help="Folder with the incident's telemetry.")]
BaselineOption = Annotated[
    list[Path] | None, typer.Option("--baseline", help="Folder of a healthy window; repeatable.")
]
ChangesOption = Annotated[Path | None, typer.Option("--changes", help="JSON lines, one recent change each.")]
CasesOption = Annotated[Path | None, typer.Option("--cases", help="Folder with `cases.jsonl`: every case.")]
JaegerOption = Annotated[str | None, typer.Option("--jaeger", help="URL of a live Jaeger, with --since and --until.")]
NumberOption = Annotated[
    int | None, typer.Option("--incident-number", help="Number of an issue: repeats its diagnosis from its bundle.")
]
TimeOption = Annotated[str | None, typer.Option(help="ISO 8601, or Unix nanoseconds.")]


def diagnose(
    *,
    incident: IncidentOption = None,
    baseline: BaselineOption = None,
    changes: ChangesOption = None,
    cases: CasesOption = None,
    jaeger: JaegerOption = None,
    number: NumberOption = None,
    state: StateOption,
    since: TimeOption = None,
    until: TimeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a case and line.")] = False,
) -> None:
    """Name what caused an incident, or say that the evidence names no cause."""
    chosen = [one for one in (incident, cases, jaeger, number) if one is not None]
    if len(chosen) != 1:
        raise Malformed("diagnose needs one of --incident DIR, --cases DIR, --jaeger URL and --incident-number N")
    if cases is not None:
        for answer in diagnose_set(cases):
            _print(answer, as_json or jsonl)
    elif incident is not None:
        _print(diagnose_folder(incident, baseline or [], changes), as_json or jsonl)
    elif jaeger is not None:
        begin, end = _window(since, until)
        _print(diagnose_jaeger(jaeger, begin, end), as_json or jsonl)
    elif number is not None:
        _repeat(number, state, as_json or jsonl)


def _repeat(number: int, state: Path, machine: bool) -> None:
    """The diagnosis of an issue again; exit 1 when it comes out otherwise."""
    again = asyncio.run(diagnose_again(State(state.resolve()), number))
    _print(again.answer, machine)
    if not machine:
        print(f"Issue {number} says {'the same' if again.same else 'otherwise: ' + again.recorded}")
    if not again.same:
        raise typer.Exit(1)


def _window(since: str | None, until: str | None) -> tuple[int, int]:
    if since is None or until is None:
        raise Malformed("--jaeger needs --since and --until")
    try:
        begin, end = time_of(since), time_of(until)
    except ValueError as error:
        raise Malformed(f"--since and --until are ISO 8601 or Unix nanoseconds: {error}") from error
    if begin >= end:
        raise Malformed(f"--since {since} is not before --until {until}")
    return begin, end


def _print(answer: Answer, machine: bool) -> None:
    if machine:
        print(json.dumps(document(answer.case, answer.diagnosis, answer.seconds)), flush=True)
    else:
        print(f"{answer.case}\n{report(answer.diagnosis)}")
