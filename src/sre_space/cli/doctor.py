"""`sre-space doctor`: whether an incident could be handled, one line for each check, with the remedy."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

from sre_space.bootstrap.doctor.run import checks_of
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.screen import err, out
from sre_space.domain.checks import Level, summary, worst
from sre_space.exits import FAILED, UNREACHABLE, USAGE, sentence
from sre_space.text.plain_text import harmless

STATUS = {Level.OK: 0, Level.NOTICE: 0, Level.REFUSED: FAILED, Level.AWAY: UNREACHABLE, Level.WRONG: USAGE}


def doctor(state: Path, as_json: bool) -> int:
    """Print every check, and return 0 when an incident could be handled, else the status of the worst one."""
    logging.getLogger("sre_space").addHandler(logging.NullHandler())  # a client's log repeats what a check says
    checks = asyncio.run(checks_of(SpaceState(state)))
    why = summary(checks)
    if as_json:
        document = {"handles_incidents": not why, "checks": [asdict(check) for check in checks]}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        width = max(len(level) for level in Level)
        for check in checks:
            out.print(harmless(f"{check.level:{width}}  {check.line}"), markup=False, highlight=False, soft_wrap=True)
    if why:
        err.out(sentence("sre-space", why), end="", highlight=False)
    return STATUS[worst(checks)]
