"""`sre-space`: the command line. Every command ends with a named exit code and, on failure, one sentence."""

import contextlib
import errno
import json
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import click
import typer
from rich.console import Console
from rich.markdown import Markdown

from sre_space.bootstrap import crash_watch, space, space_supervisor
from sre_space.bootstrap.connections import is_elsewhere
from sre_space.bootstrap.operator import Operator, room_of
from sre_space.bootstrap.space_plan import plan_of
from sre_space.bootstrap.space_servers import addresses
from sre_space.bootstrap.space_state import State, running_space
from sre_space.domain.errors import Damaged, Malformed, Refused, SpaceError, Unavailable
from sre_space.entrypoints import audit as auditing
from sre_space.entrypoints import demo as demonstration
from sre_space.entrypoints import looking, ordering
from sre_space.entrypoints import status as describing
from sre_space.entrypoints.asking import asked
from sre_space.entrypoints.deploying import deploy_command
from sre_space.entrypoints.diagnose import diagnose
from sre_space.entrypoints.keys import keys
from sre_space.entrypoints.options import StateOption
from sre_space.entrypoints.remembering import memory
from sre_space.loop.audit import Auditor
from sre_space.wire.audit_text import harmless

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130
OF_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES)  # told in a sentence, no bugs of ours
T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, help="SRE-Space: four agents that keep a service up.")
out, err = Console(), Console(stderr=True)


app.command()(diagnose)
app.command("deploy")(deploy_command)
app.add_typer(keys, name="keys")
app.add_typer(memory, name="memory")

DryRunOption = Annotated[bool, typer.Option("--dry-run", help="The doctor tells what it would do, and does nothing.")]
PortsOption = Annotated[str, typer.Option("--ports", help="`usual`, or `free`: any block of free ports.")]
ChartOption = Annotated[
    Path | None, typer.Option("--chart", envvar="SRE_SPACE_CHART", is_eager=True, help="The patient's chart.")
]


@app.command()
def up(
    state: StateOption, ports: PortsOption = "usual", chart: ChartOption = None, dry_run: DryRunOption = False
) -> None:
    """Start the space and leave it running, also over a service that does not serve: its agents see to it."""
    if ports not in ("usual", "free"):
        raise Malformed(f"--ports is `usual` or `free`, not {ports!r}")
    plan, told = plan_of(state, ports == "free", chart or space.checkout_chart(), dry_run)
    begun = time.monotonic()
    with _ended_when_stopped(), told.placing():
        space.up(plan, _tell)
    out.print(f"The space is up after {time.monotonic() - begun:.0f} s; state in {plan.state.root}", markup=False)
    _show_addresses(plan.ports.quote_service_port, addresses(plan.ports, plan.away)["JAEGER_URL"])


@app.command()
def down(state: StateOption) -> None:
    """End the space; nothing of it is left running."""
    out.print("the space is down" if space.down(State(state.resolve()), _tell) else "no space was running")


@app.command()
def status(state: StateOption) -> None:
    """Show every process of the space, how the journeys fare, and what is open."""
    folder = State(state.resolve())
    if is_elsewhere(folder):
        out.print(_asked(state, looking.vital_signs), markup=False, highlight=False)
        return
    running = running_space(folder)
    units, loops = space_supervisor.units(running.socket), crash_watch.looping(folder)
    out.print(looking.processes(units, loops))
    for loop in loops:
        out.print(looking.crash_loop(loop), markup=False, highlight=False)
    out.print(f"disk: {room_of(folder)}", highlight=False)
    out.print(_asked(state, looking.vital_signs), markup=False, highlight=False)
    if State(state.resolve()).halt.exists():
        out.print("halted: no action is taken until `sre-space resume`")


@app.command()
def logs(
    name: str, state: StateOption, follow: Annotated[bool, typer.Option("-f", help="Go on as it grows.")] = False
) -> None:
    """Print the log of one process."""
    path = State(state.resolve()).log(name)
    known = sorted(one.stem for one in path.parent.glob("*.log"))
    if name not in known:
        raise Malformed(f"there is no log of {name!r}; there are: {', '.join(known) or 'none'}")
    with path.open(errors="replace") as file:
        while True:
            sys.stdout.write(file.read())
            sys.stdout.flush()
            if not follow:
                return
            time.sleep(0.2)


@app.command()
def halt(state: StateOption) -> None:
    """Stop every action of the doctor, at once; it still watches and records."""
    folder = State(state.resolve())
    folder.make()
    try:
        folder.halt.touch(mode=0o600)
    except OSError as error:
        told = f"NOT halted: {folder.halt} cannot be made: {error.strerror}"
        raise Unavailable(f"{told}; what stops every action now is: sre-space down") from error
    out.print("halted: no action is taken until `sre-space resume`")


@app.command()
def resume(state: StateOption) -> None:
    """Let the doctor act again; takes the label sre:halt from the open incidents too."""
    with contextlib.suppress(Refused):  # no space runs: there is nobody whom a label could halt
        try:
            _asked(state, ordering.release)
        except Unavailable as error:
            err.print(f"sre-space: a label that halts stays where it is: {error}", markup=False, highlight=False)
    State(state.resolve()).release()
    out.print("the doctor may act")


@app.command()
def plan(number: int, state: StateOption) -> None:
    """Show exactly what the decision of an incident does or would do; changes nothing."""
    told = _asked(state, lambda operator: ordering.plan(operator, number))
    out.print(harmless(told), markup=False, highlight=False)


@app.command()
def approve(plan: str, state: StateOption) -> None:
    """Approve a plan that waits, signed by the operator's key."""
    out.print(_asked(state, lambda operator: ordering.order(operator, "approve", plan)), highlight=False)


@app.command()
def reject(plan: str, state: StateOption) -> None:
    """Reject a plan that waits; it is not proposed again."""
    out.print(_asked(state, lambda operator: ordering.order(operator, "reject", plan)), highlight=False)


@app.command()
def restart(service: str, state: StateOption) -> None:
    """Restart a service as a person; signed by the operator's key on every open incident about it."""
    out.print(_asked(state, lambda operator: ordering.restart(operator, service)), highlight=False)


@app.command()
def resolved(number: int, words: list[str], state: StateOption) -> None:
    """Say what ended an incident that was left to a person, for the next one like it; signed by the operator's key."""
    out.print(_asked(state, lambda operator: ordering.resolved(operator, number, " ".join(words))), highlight=False)


@app.command()
def incidents(state: StateOption) -> None:
    """List the incidents, newest first."""
    out.print(_asked(state, looking.incidents))


@app.command()
def show(number: int, state: StateOption) -> None:
    """Show one incident's whole story."""
    out.print(Markdown(_asked(state, lambda operator: looking.story(operator, number))))


@app.command()
def audit(
    state: StateOption,
    incident: Annotated[int | None, typer.Option("--incident", help="One issue's number.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
) -> None:
    """Verify every fact anew from the issues alone: who decided what, on which evidence, and what does not count."""
    found = _asked(state, lambda operator: Auditor(operator.casebook, operator.orders).audit(incident))
    if as_json:
        sys.stdout.write(json.dumps(auditing.document(found)) + "\n")
    else:
        auditing.show(found, out)
    if found.broken:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def demo(
    fault: Annotated[str, typer.Option(help="The fault to inject.")] = "kill",
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object on stdout.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the space up.")] = False,
    chart: ChartOption = None,
) -> None:
    """Start a space, break it, watch it heal, show the story, stop it."""
    told = err if as_json else out
    with _ended_when_stopped():
        good = demonstration.run(fault, chart or space.checkout_chart(), told, as_json, keep)
    raise typer.Exit(0 if good else EXIT_FAILED)


@app.command(name="eval")
def evaluate(
    *,
    detection: Annotated[bool, typer.Option("--detection", help="What Scout opens for every experiment.")] = False,
    diagnosis: Annotated[bool, typer.Option("--diagnosis", help="What Brain names for every experiment.")] = False,
    healing: Annotated[bool, typer.Option("--healing", help="What the doctor does about every experiment.")] = False,
    repeat: Annotated[int, typer.Option(min=1, help="How often each experiment is run.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed, the same order.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="Some of the experiments, with commas or repeated.")] = None,
    quiet_minutes: Annotated[float, typer.Option(min=0, help="How long to watch a healthy space.")] = 20.0,
    chart: ChartOption = None,
) -> None:
    """Let the judge break a space of its own and count what the doctor makes of it."""
    chosen = {"detection": detection, "diagnosis": diagnosis, "healing": healing}
    words = [name for name, wanted in chosen.items() if wanted]
    if not words:
        raise Malformed("say what to evaluate: --detection, --diagnosis, --healing, or several of them")
    words += ["--chart", str(chart or space.checkout_chart()), "--repeat", str(repeat), "--seed", str(seed)]
    words += ["--quiet-minutes", str(quiet_minutes), *(word for name in only or () for word in ("--only", name))]
    # Another program: the doctor knows neither the judge nor the faults.
    raise typer.Exit(subprocess.run([sys.executable, "-m", "sre_evaluation", *words], check=False).returncode)


@contextlib.contextmanager
def _ended_when_stopped() -> Iterator[None]:
    """Who is interrupted while he starts a space has ended it: say so."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        err.print("sre-space: stopped; nothing is left running", markup=False, highlight=False)
        raise typer.Exit(EXIT_INTERRUPTED) from stopped


def _asked(state: Path, question: Callable[[Operator], Awaitable[T]]) -> T:
    folder = State(state.resolve())

    async def ask() -> T:
        operator = Operator.here(folder)
        try:
            return await question(operator)
        finally:
            await operator.close()

    return asyncio.run(ask())


def _tell(text: str) -> None:
    err.print(text, style="dim", markup=False)


def _show_addresses(quotes: int, jaeger: str) -> None:
    out.print(f"quotes   http://127.0.0.1:{quotes}/docs")
    out.print(f"traces   {jaeger}/api/services", markup=False)
    out.print("break it: python trigger_chaos.py kill     watch it: sre-space incidents")


def main() -> None:
    """Run a command; errors become one sentence; Ctrl-C, SIGTERM and a closed terminal end what was started."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell's background job ignores it
    for name in (signal.SIGTERM, signal.SIGHUP):  # by way of SIGINT, which asyncio turns into an orderly end
        signal.signal(name, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except (SpaceError, Damaged) as error:
        err.print(harmless(f"sre-space: {error}"), markup=False, highlight=False)
        sys.exit(EXIT_USAGE)
    except OSError as error:
        if error.errno not in OF_DISK:
            raise
        err.print(f"sre-space: {error.filename}: {error.strerror}", markup=False, highlight=False)
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(EXIT_INTERRUPTED)
    except click.UsageError as error:
        error.show()
        sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()
