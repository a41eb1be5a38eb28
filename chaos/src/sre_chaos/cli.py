"""The command `python trigger_chaos.py NAME [--service S] [--seconds N]`: one real fault; `--recover` undoes all."""

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sre_chaos import background
from sre_chaos.edge import USAGE, exit_status
from sre_chaos.errors import NoTarget, Wrong
from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.journal import Active, Journal
from sre_chaos.on_compose import OPTION, run_in_container
from sre_chaos.recovery import LATER, undo, undo_all
from sre_chaos.run import Experiment, Run
from sre_chaos.space import Space
from sre_chaos.spaces import default_state, space_of


def main(arguments: list[str] | None = None) -> int:
    """Inject or undo a fault, print what was hit and when, and return the exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    return exit_status(lambda: _run(_parser().parse_args(words), words))


def _run(asked: argparse.Namespace, words: Sequence[str]) -> int:
    if asked.compose:
        return run_in_container([word for word in words if word != OPTION])
    if asked.list or not (asked.name or asked.recover):
        for experiment in EXPERIMENTS.values():
            print(f"{experiment.name:15} {experiment.what} (default: {experiment.default_service})")
        return 0 if asked.list else USAGE
    space = space_of(asked.state)
    if asked.recover:
        _recover(space, asked.json)
    if asked.name:
        service = asked.service or asked.positional
        experiment = EXPERIMENTS[asked.name]
        hit = _target(space, experiment, service, asked.now)
        run = Run(space, hit, secrets.token_hex(12), asked.repo)
        _report(_inject(run, experiment, asked.seconds), asked.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trigger_chaos.py", description="Inject a real fault into a running space.")
    parser.add_argument("name", nargs="?", choices=sorted(EXPERIMENTS), help="the experiment")
    parser.add_argument("positional", nargs="?", metavar="service", help="the service to hit")
    parser.add_argument("--service", help="the same, as an option")
    parser.add_argument("--seconds", type=_positive, help="undo it after this time; default: with --recover")
    parser.add_argument("--now", action="store_true", help="inject also when the steady state does not hold")
    parser.add_argument("--state", type=Path, default=default_state(), help="the space's state folder")
    parser.add_argument("--repo", default="", metavar="OWNER/NAME", help="the repository on GitHub to commit to")
    parser.add_argument(OPTION, action="store_true", help="hit the containers of this Docker Compose project")
    parser.add_argument("--list", action="store_true", help="list the experiments")
    parser.add_argument("--recover", action="store_true", help="undo everything that is active")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object a line")
    return parser


def _positive(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 86400 seconds")
    return seconds


Injected = tuple[Active, int | None]  # and the process that was hit


def _target(space: Space, experiment: Experiment, service: str | None, now: bool) -> str:
    """Return the service to hit; raise `NoTarget` when it is no target, or when the steady state does not hold."""
    hit = service or experiment.default_service
    if hit not in experiment.services:
        raise Wrong(f"{experiment.name} cannot hit {hit}; it hits {' or '.join(experiment.services)}")
    unsteady = [] if now else [name for name in experiment.steady if not space.answers(name)]
    if unsteady:
        remedy = "undo the active faults first (--recover), or pass --now"
        raise NoTarget(f"{unsteady[0]} is not ready: the steady state does not hold; {remedy}")
    return hit


def _inject(run: Run, experiment: Experiment, seconds: float | None) -> Injected:
    """Inject a fault and record it in the journal; undo it at once when the injection fails half way."""
    os.environ["SRE_CHAOS_CANARY"] = run.canary
    journal, at = Journal.of(run.space), time.time_ns()
    journal.begin(Active(experiment.name, run.service, run.canary, at))
    with ExitStack() as unfinished:
        unfinished.callback(undo, run)  # also on Ctrl-C: nothing may stay half injected
        done = experiment.inject(run)
        unfinished.pop_all()
    entry = Active(experiment.name, run.service, run.canary, done.at or at, done.undo)
    journal.record(entry)
    lasts = seconds or experiment.seconds
    if lasts:
        background.start(run, LATER, str(lasts))
    return entry, done.pid


def _report(injected: Injected, as_json: bool) -> None:
    entry, pid = injected
    if as_json:
        print(json.dumps({"fault": entry.fault, "service": entry.service, "pid": pid, "at": entry.at}))
        return
    process = f" (process {pid})" if pid else ""
    print(f"{entry.fault}: {entry.service}{process} at {time.strftime('%H:%M:%S', time.gmtime(entry.at / 1e9))} UTC")


def _recover(space: Space, as_json: bool) -> None:
    undone = undo_all(space)
    for entry in undone:
        line = json.dumps({"recovered": entry.fault, "service": entry.service, "at": time.time_ns()})
        print(line if as_json else f"recovered: {entry.fault} of {entry.service}")
    if not undone and not as_json:
        print("nothing was active")
