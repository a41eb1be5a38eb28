"""The views of a running space: its processes, its journeys, the incidents, and one incident's story."""

import time
from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.crash_watch import CrashLoop
from sre_space.bootstrap.space.supervisor import UnitState
from sre_space.codec.footer import prose_of
from sre_space.domain.case import Case
from sre_space.domain.cycle import next_step, overdue
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import OWNER, Step
from sre_space.domain.guardrails import hold_of
from sre_space.domain.holds import WAITING_STEPS, Hold
from sre_space.domain.intervals import wilson
from sre_space.domain.labels import needs_human
from sre_space.text.holds import sentence, until
from sre_space.text.plain_text import harmless, plain

MINUTE_NS = 60 * 10**9
CHANGES = (Step.ACT, Step.UNDO)  # the steps that the kill switch stops


def processes(units: Sequence[UnitState], loops: Sequence[CrashLoop]) -> Table:
    """Return the table of processes; one in a crash loop is shown as unable to start, not as running."""
    table, crashing = Table("process", "state", "pid", "for"), {loop.unit for loop in loops}
    for unit in units:
        age = f"{time.time() - unit.since:.0f} s" if unit.pid else ""
        state = "cannot start" if unit.name in crashing else unit.state.lower()
        table.add_row(unit.name, state, str(unit.pid or ""), age)
    return table


def crash_loop(loop: CrashLoop) -> str:
    """Return one sentence on a process that cannot start."""
    log_line = f"its log ends with: {plain(loop.last_log_line)}" if loop.last_log_line else "its log is empty"
    return f"{loop.unit} has started {loop.starts.count} times and ended each time; {log_line}"


async def space_summary(operator: Operator) -> str:
    """Return the journeys of the last minute and the open incidents, or which server does not answer.

    First comes what the configuration leaves to a default.
    """
    lines = [*operator.config.notices, *_blocked_agents(operator), await _journeys_and_incidents(operator)]
    return harmless("\n".join(lines))


def _blocked_agents(operator: Operator) -> list[str]:
    return [f"{agent} is blocked: {reason}" for agent, reason in operator.hindered().items()]


async def _journeys_and_incidents(operator: Operator) -> str:
    now = time.time_ns()
    try:
        count = await operator.journeys(now - MINUTE_NS, now)
        cases = await operator.incidents.open_cases()
        holds = await operator.holds.current()
    except Unavailable as error:
        return f"journeys and incidents are unknown: {error}"
    total = count.good + count.bad
    low, high = wilson(count.good, total)
    share = f"{count.good / total:.2%} good (95 % interval {low:.1%} to {high:.1%})" if total else "UNKNOWN"
    listed = ", ".join(f"{case.issue} ({waits_for(case, operator, holds)})" for case in cases) or "none"
    lines = [f"journey, last minute: {total} attempts, {share}", f"open incidents: {listed}", *map(sentence, holds)]
    return "\n".join(lines)


async def incidents(operator: Operator) -> Table:
    """Return the table of all incidents, newest first, without those whose issue cannot be read."""
    table = Table("issue", "title", "state", "labels", "last step", "waits for")
    holds = await operator.holds.current()
    for reading in reversed(await operator.incidents.readings(await operator.forge.issues(state="all"))):
        issue, case = reading.issue, reading.case
        if case is not None:
            cells = (
                issue.title,
                issue.state,
                ", ".join(issue.labels),
                case.last.step,
                waits_for(case, operator, holds),
            )
            table.add_row(str(issue.number), *(Text(plain(cell)) for cell in cells))
    return table


async def story(operator: Operator, number: int) -> str:
    """Return one issue with its comments in Markdown, without the signed footers."""
    issue = await operator.forge.issue(number)
    comments = await operator.forge.comments(number)
    parts = [f"# {issue.title}", prose_of(issue.body), *(prose_of(comment.body) for comment in comments)]
    return harmless("\n\n---\n\n".join(parts))


def waits_for(case: Case, operator: Operator, holds: Sequence[Hold]) -> str:
    """Return what the case waits for: an agent's step, how long overdue, a person, or a hold's or halt's end."""
    now, config = time.time_ns(), operator.config
    step = next_step(case, now)
    if case.is_open and needs_human(case):
        return f"a person{': ' + case.frozen_reason if case.frozen_reason else ''}"
    if step is None:
        return ""
    hold = hold_of(config, case, holds, now) if step in WAITING_STEPS else None
    if hold is not None:
        return f"the end of a hold ({hold.source}), {until(hold)}, then {OWNER[step]}: {step}"
    if step in CHANGES and operator.state.halt.exists():
        return f"{OWNER[step]}: {step}, halted until `sre-space resume`"
    late = f", overdue: {(now - case.last.at) / 1e9:.0f} s" if overdue(case, now) else ""
    return f"{OWNER[step]}: {step}{late}"


def hold_document(hold: Hold) -> dict[str, object]:
    """Return a hold as JSON, times in Unix ns; `issue` is null for a maintenance window."""
    return asdict(hold) | {"services": sorted(hold.services), "issue": hold.issue or None}
