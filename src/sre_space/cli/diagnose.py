"""`sre-space diagnose`: the diagnosis of files, a set of cases, a live Jaeger, or again of an incident's bundle."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from sre_space.bootstrap.diagnose import Answer, diagnose_folder, diagnose_jaeger, diagnose_set
from sre_space.bootstrap.diagnose_again import diagnose_again
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.addresses import http_url
from sre_space.codec.changes import time_of
from sre_space.domain.errors import Malformed
from sre_space.exits import FAILED, UNREAD, sentence
from sre_space.text.diagnosis_report import document, report
from sre_space.text.plain_text import harmless, plain


def diagnose(
    *,
    incident: Path | None,
    baseline: Sequence[Path],
    changes: Path | None,
    cases: Path | None,
    jaeger: str | None,
    number: int | None,
    state: Path,
    since: str | None,
    until: str | None,
    as_json: bool,
    jsonl: bool,
) -> int:
    """Print the diagnosis and return the exit status: 4 when some of its input could not be read.

    Raise `Malformed` unless exactly one source is given.
    """
    sources = [value for value in (incident, cases, jaeger, number) if value is not None]
    if len(sources) != 1:
        raise Malformed("diagnose needs one of --incident DIR, --cases DIR, --jaeger URL and --incident-number N")
    unread = 0
    if cases is not None:
        for answer in diagnose_set(cases):
            _print(answer, as_json or jsonl)
            unread += len(answer.unread)
    elif incident is not None:
        answer = diagnose_folder(incident, baseline, changes)
        _print(answer, as_json or jsonl)
        unread = len(answer.unread)
    elif jaeger is not None:
        begin, end = _window(since, until)
        _print(diagnose_jaeger(_url(jaeger), begin, end), as_json or jsonl)
    elif number is not None:
        return _repeat(number, state, as_json or jsonl)
    if unread:
        sys.stderr.write(sentence("sre-space", "not all input could be read: see Limits (in JSON: unread)"))
    return UNREAD if unread else 0


def _repeat(number: int, state: Path, as_json: bool) -> int:
    """Print the repeated diagnosis of an issue; return 1 when it differs from the recorded one."""
    repeated = asyncio.run(diagnose_again(SpaceState(state), number))
    _print(repeated.answer, as_json)
    if not as_json:
        print(f"Issue {number} says {'the same' if repeated.same else 'otherwise: ' + repeated.recorded}")
    return 0 if repeated.same else FAILED


def _url(text: str) -> str:
    try:
        return http_url(text)
    except ValueError as error:
        raise Malformed(f"--jaeger: {error}") from error


def _window(since: str | None, until: str | None) -> tuple[int, int]:
    if since is None or until is None:
        raise Malformed("--jaeger needs --since and --until")
    try:
        begin, end = time_of(since), time_of(until)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"--since and --until are ISO 8601 or Unix nanoseconds: {error}") from error
    if begin >= end:
        raise Malformed(f"--since {since} is not before --until {until}")
    return begin, end


def _print(answer: Answer, as_json: bool) -> None:
    if as_json:
        print(json.dumps(document(answer.case, answer.diagnosis, answer.seconds, answer.unread)), flush=True)
    else:
        print(f"{plain(answer.case)}\n{harmless(report(answer.diagnosis))}")
