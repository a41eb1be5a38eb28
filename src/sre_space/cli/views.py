"""What the command line shows of a running space: its vital signs, the incidents, one incident's story."""

import time
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.crash_watch import Loop
from sre_space.bootstrap.space.supervisor import UnitState
from sre_space.codec.footer import prose_of
from sre_space.domain.case import Case
from sre_space.domain.cycle import next_step, overdue
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import OWNER
from sre_space.domain.intervals import wilson
from sre_space.domain.labels import needs_human
from sre_space.text.plain_text import harmless, plain

MINUTE_NS = 60 * 10**9


def processes(units: Sequence[UnitState], loops: Sequence[Loop]) -> Table:
    """Every process; one that ends soon after each start does not count as running."""
    table, starting = Table("process", "state", "pid", "for"), {loop.unit for loop in loops}
    for unit in units:
        age = f"{time.time() - unit.since:.0f} s" if unit.pid else ""
        state = "cannot start" if unit.name in starting else unit.state.lower()
        table.add_row(unit.name, state, str(unit.pid or ""), age)
    return table


def crash_loop(loop: Loop) -> str:
    """One sentence on a process that cannot start."""
    said = f"it said last: {plain(loop.said)}" if loop.said else "its log says nothing"
    return f"{loop.unit} has started {loop.starts.count} times and ends each time; {said}"


async def vital_signs(operator: Operator) -> str:
    """The journey of the last minute and the open incidents; a server that is away is said to be away."""
    return harmless("\n".join([*_hindered(operator), await _seen(operator)]))


def _hindered(operator: Operator) -> list[str]:
    return [f"{agent} does nothing: {reason}" for agent, reason in operator.hindered().items()]


async def _seen(operator: Operator) -> str:
    now = time.time_ns()
    try:
        count = await operator.journeys(now - MINUTE_NS, now)
        cases = await operator.incidents.open_cases()
    except Unavailable as error:
        return f"not to be seen now: {error}"
    total = count.good + count.bad
    low, high = wilson(count.good, total)
    share = f"{count.good / total:.2%} good (95 % interval {low:.1%} to {high:.1%})" if total else "UNKNOWN"
    told = ", ".join(f"{case.issue} ({waits_for(case)})" for case in cases) or "none"
    return f"journey, last minute: {total} attempts, {share}\nopen incidents: {told}"


async def incidents(operator: Operator) -> Table:
    """All incidents, newest first; one that cannot be read hides no other."""
    table = Table("issue", "title", "state", "labels", "last step", "waits for")
    for reading in reversed(await operator.incidents.readings(await operator.forge.issues(state="all"))):
        issue, case = reading.issue, reading.case
        if case is not None:
            told = (issue.title, issue.state, ", ".join(issue.labels), case.last.step, waits_for(case))
            table.add_row(str(issue.number), *(Text(plain(one)) for one in told))
    return table


async def story(operator: Operator, number: int) -> str:
    """One issue in Markdown, without the footers."""
    issue = await operator.forge.issue(number)
    comments = await operator.forge.comments(number)
    parts = [f"# {issue.title}", prose_of(issue.body), *(prose_of(comment.body) for comment in comments)]
    return harmless("\n\n---\n\n".join(parts))


def waits_for(case: Case) -> str:
    """Whose turn it is, and since when it is overdue."""
    now = time.time_ns()
    step = next_step(case, now)
    if case.is_open and needs_human(case):
        return f"a person{': ' + case.frozen_reason if case.frozen_reason else ''}"
    if step is None:
        return ""
    late = f", overdue: {(now - case.last.at) / 1e9:.0f} s" if overdue(case, now) else ""
    return f"{OWNER[step]}: {step}{late}"
