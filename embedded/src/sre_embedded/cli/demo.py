"""The demonstration: starts a separate space, injects a fault with `trigger_chaos.py`, and follows the incident."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from sre_embedded.cli.lifecycle import FAULTS, reporting_interruption
from sre_embedded.cli.story import Story, story_of
from sre_embedded.space import lifecycle as space
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.plan import separate_plan
from sre_space.bootstrap.checkout import checkout_config
from sre_space.bootstrap.operator import Operator
from sre_space.cli.screen import err, out
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.domain.facts import OWNER, Conclusion, Detection, Learnt, Payload
from sre_space.exits import FAILED
from sre_space.text.prose import prose, title

HEALTHY_JOURNEYS = 10
HEALTHY_WITHIN_S = 60.0
HEALED_WITHIN_S = 120.0
POLL_EVERY_S = 0.1


def demo(fault: str, as_json: bool, keep: bool, config_path: Path | None) -> int:
    """Run the demonstration and return its exit status, 1 when the fault was not detected, healed and learnt from."""
    with reporting_interruption():
        good = run(fault, config_path or checkout_config(), err if as_json else out, as_json, keep)
    return 0 if good else FAILED


def run(fault: str, config_path: Path, console: Console, as_json: bool, keep: bool) -> bool:
    """Return True when the fault was detected, healed, verified on the journey and learnt from."""
    _refuse_unknown(fault, config_path)
    folder = Path(tempfile.mkdtemp(prefix="sre-space-demo-"))
    plan = separate_plan(folder, config_path)
    state = plan.state
    begun = time.monotonic()
    finished = False
    try:
        space.up(plan, lambda text: console.print(f"[dim]{text}[/dim]"))
        console.print(f"dashboard  {plan.dashboard}", markup=False, highlight=False)
        story = asyncio.run(_watch(plan, fault, console))
        console.print(f"[dim]the whole demonstration took {time.monotonic() - begun:.0f} s[/dim]")
        if not (keep or as_json):
            await_enter(console, plan)
        finished = True
    finally:
        if not (keep and finished):
            space.down(state, lambda _: None)
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        console.print(f"The space is still running: sre-space status --state {state.root}")
    if as_json:
        sys.stdout.write(json.dumps(story.as_json()) + "\n")
    return story.recovered and bool(story.lesson)


def await_enter(console: Console, plan: SpacePlan) -> None:
    """At a terminal, leave the space up until Enter or the end of input, for a look at the dashboard."""
    if not (sys.stdin.isatty() and console.is_terminal):
        return
    text = f"\nThe space stays up: {plan.dashboard} shows the incident. Press Enter to stop it. "
    console.print(text, end="", markup=False, highlight=False)
    sys.stdin.readline()


async def _watch(plan: SpacePlan, fault: str, console: Console) -> Story:
    operator = Operator.of(plan.state)
    try:
        await _await_healthy(operator, console)
        injected = await asyncio.to_thread(_inject, plan, fault)
        process = f" (process {injected['pid']})" if injected["pid"] else ""
        console.print(f"\n[bold red]{fault}[/bold red]: injected into {injected['service']}{process}\n")
        case = await _follow(operator, int(injected["at"]), console)
        journeys = await operator.journeys(int(injected["at"]), time.time_ns())
        return story_of(fault, int(injected["at"]), case, journeys.bad)
    finally:
        await operator.close()


async def _await_healthy(operator: Operator, console: Console) -> None:
    console.print("[dim]waiting for healthy journeys[/dim]")
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            now = time.time_ns()
            count = await operator.journeys(now - 5 * 10**9, now)
        except Unavailable:
            count = None
        if count and count.good >= HEALTHY_JOURNEYS and not count.bad and operator.agents_on_duty():
            console.print(f"{count.good} attempts of the journey in the last 5 s, all good")
            return
        await asyncio.sleep(POLL_EVERY_S)
    caller = operator.config.callers(())[0]
    raise Refused(f"the journeys are not healthy after {HEALTHY_WITHIN_S:g} s; see: sre-space logs {caller}")


def _refuse_unknown(fault: str, config_path: Path) -> None:
    known = [line.split()[0] for line in _chaos(config_path, "--list").splitlines()]
    if fault not in known:
        raise Malformed(f"there is no fault {fault!r}; there are: {', '.join(known)}")


def _inject(plan: SpacePlan, fault: str) -> dict[str, str]:
    answer: dict[str, str] = json.loads(_chaos(plan.config_path, fault, "--state", str(plan.state.root), "--json"))
    return answer


def _chaos(config_path: Path, *words: str) -> str:
    """Return the output of `trigger_chaos.py`; it runs as a separate program, as the agents' side imports no fault."""
    script = config_path.parent / FAULTS
    done = subprocess.run([sys.executable, str(script), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.strip() or f"{script} failed")
    return done.stdout


async def _follow(operator: Operator, since: int, console: Console) -> Case | None:
    """Print each fact as it is recorded, until the issue is closed or HEALED_WITHIN_S passed; return the last case."""
    deadline = time.monotonic() + HEALED_WITHIN_S
    shown, case = 0, None
    while time.monotonic() < deadline:
        case = await _case(operator, case)
        for entry in case.chain[shown:] if case else ():
            _print_fact(
                entry.fact.at - since, OWNER[entry.fact.step], entry.fact.step, _line(entry.fact.payload), console
            )
            shown += 1
        if case is not None and not case.is_open:
            break
        await asyncio.sleep(POLL_EVERY_S)
    conclusion = case.latest(Conclusion) if case else None
    if conclusion is not None:
        console.print()
        console.print(Markdown(conclusion.postmortem))
    return case


async def _case(operator: Operator, case: Case | None) -> Case | None:
    try:
        if case is not None:
            return await operator.incidents.case(case.issue)
        return next(iter(await operator.incidents.open_cases()), None)
    except Unavailable:
        return case


def _line(payload: Payload) -> str:
    """Return a fact in one line."""
    if isinstance(payload, Detection):
        return title(payload)
    text = prose(payload).replace("**", "").strip()
    lines = [line for line in text.splitlines() if line.strip()]
    if isinstance(payload, Conclusion | Learnt):
        return lines[0].lstrip("# ")
    return f"{lines[0]}  {lines[-1]}" if "MITIGATION" in lines[-1] and lines[-1] not in lines[0] else lines[0]


def _print_fact(after_ns: int, agent: str, step: str, line: str, console: Console) -> None:
    row = Table.grid(padding=(0, 2))
    row.add_column(width=9, justify="right")
    row.add_column(width=6, style="bold")
    row.add_column(width=8)
    row.add_column()
    row.add_row(f"{after_ns / 1e9:+.2f} s", agent, step, Text(line))
    console.print(row)
