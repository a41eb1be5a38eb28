"""`python trigger_chaos.py kill [SERVICE]`: one real fault."""

import argparse
import json
import sys
import time
from pathlib import Path

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.runtime import NoTarget, Runtime, default_state

EXIT_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Inject, and say what was hit and when; 2 and one sentence when there is nothing to hit."""
    parser = argparse.ArgumentParser(prog="trigger_chaos.py", description="Inject a real fault into a running space.")
    parser.add_argument("name", nargs="?", choices=sorted(EXPERIMENTS), help="the experiment")
    parser.add_argument("service", nargs="?", help="the service to hit")
    parser.add_argument("--state", type=Path, default=default_state(), help="the space's state folder")
    parser.add_argument("--list", action="store_true", help="list the experiments")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    asked = parser.parse_args(arguments)
    if asked.list or asked.name is None:
        for one in EXPERIMENTS.values():
            print(f"{one.name:12} {one.what} (default: {one.default_service})")
        return 0 if asked.list else EXIT_USAGE
    try:
        _inject(asked.name, asked.service, asked.state, asked.json)
    except NoTarget as error:
        sys.stderr.write(f"chaos: {error}\n")
        return EXIT_USAGE
    return 0


def _inject(name: str, service: str | None, state: Path, as_json: bool) -> None:
    experiment = EXPERIMENTS[name]
    hit = service or experiment.default_service
    runtime = Runtime.of(state)
    at = time.time_ns()
    pid = experiment.inject(runtime, hit)
    if as_json:
        print(json.dumps({"fault": name, "service": hit, "pid": pid, "at": at}))
    else:
        print(f"{name}: {hit} (process {pid}) at {time.strftime('%H:%M:%S', time.gmtime(at / 1e9))} UTC")
