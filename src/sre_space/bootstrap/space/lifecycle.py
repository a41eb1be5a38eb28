"""The embedded space: stands it up in stages, takes it down, whatever happens in between."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.notify import notifier
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.alone import alone, reserved
from sre_space.bootstrap.space.deployed_files import lay_out
from sre_space.bootstrap.space.environment import SpacePlan, TokenSetup, write_environments
from sre_space.bootstrap.space.processes import IDENTITIES, SIGNERS, Process, Role, table
from sre_space.bootstrap.space.readiness import await_ready, not_serving
from sre_space.bootstrap.space.requirements import must_be_met
from sre_space.bootstrap.space.state import SUPERVISOR, Running, SpaceState
from sre_space.bootstrap.space.telemetry_secrets import make_secrets
from sre_space.domain.errors import Malformed, Refused
from sre_space.embedded.forge.identities import write_identities
from sre_space.state_files import write_private

NOTIFY = "SRE_NOTIFY_URLS"
Tell = Callable[[str], None]


def up(plan: SpacePlan, tell: Tell, only: Sequence[str] = ()) -> Running:
    """Start the space and return when its services are ready; when a server does not serve, nothing is left running.

    A service that does not serve is told: the space is up, and its agents see to it. `only` starts some of the
    processes (for tests). `Refused` when a space runs here already, or another `up` or `down` is at work.
    """
    state = plan.state
    _must_not_run(state)
    notifier(plan.told.get(NOTIFY, ""))  # refuses what the agents would refuse, before anything is started
    must_be_met(plan)
    state.make()
    with alone(state.root), reserved(plan.ports, plan.away.ports):
        _must_not_run(state)
        _clean(state, tell)
        plan.ports.refuse_taken(plan.away.ports)
        processes = tuple(one for one in table(state, plan.ports) if _is_started(plan, one, only))
        _prepare(plan, processes)
        with ExitStack() as unfinished:
            unfinished.callback(_end, state, tell)  # also on Ctrl-C: nothing may be left running
            running = space_supervisor.spawn(plan, processes)
            _start(plan, running, processes, tell)
            unfinished.pop_all()
    return running


def _is_started(plan: SpacePlan, process: Process, only: Sequence[str]) -> bool:
    return process.name not in plan.away.processes and (not only or process.name in only)


def down(state: SpaceState, tell: Tell) -> bool:
    """End the space; False when there was none. `Refused` while an `up` is at work."""
    if not state.root.is_dir():
        return False
    with alone(state.root):
        return _end(state, tell)


def _must_not_run(state: SpaceState) -> None:
    running = state.record()
    living = [running.pid] if running is not None and running.alive else []
    living += [process.pid for _, process in state.marked(SUPERVISOR)]  # its record may be damaged
    if living:
        raise Refused(f"a space already runs in {state.root} (process {living[0]}); end it with: sre-space down")


def _end(state: SpaceState, tell: Tell) -> bool:
    running = state.record()
    alive = running is not None and running.alive
    if running is not None and alive:
        tell("stopping the space")
        space_supervisor.stop(running)
    left = _clean(state, tell)
    state.remove_socket_folder()
    return alive or bool(left)


def _clean(state: SpaceState, tell: Tell) -> Sequence[str]:
    """What a space that was killed left: processes, socket, record."""
    left = space_supervisor.sweep(state)
    if left:
        tell(f"ended what an earlier space left running: {', '.join(left)}")
    state.clear()
    return left


def _prepare(plan: SpacePlan, processes: tuple[Process, ...]) -> None:
    state = plan.state
    for name in SIGNERS:
        make_key(state.key(name), state.trust, name)
    write_private(state.network_key, secrets.token_hex(32))
    identities = write_identities(state.identities, IDENTITIES)
    lay_out(plan)
    tokens = TokenSetup({one.login: one.token for one in identities}, make_secrets(state, processes))
    write_environments(plan, processes, tokens)


def _start(plan: SpacePlan, running: Running, processes: tuple[Process, ...], tell: Tell) -> None:
    for stage in sorted({process.stage for process in processes}):
        names = [process.name for process in processes if process.stage == stage]
        tell(f"starting {', '.join(names)}")
        for name in names:
            space_supervisor.start(running.socket, name)
        services = [process.name for process in processes if process.stage == stage and process.role is Role.PATIENT]
        await_ready(plan, running, [name for name in names if name not in services])
        for told in not_serving(plan, running, services):
            tell(f"{told}\nThe space starts all the same: its agents see to it, as `sre-space incidents` shows")


def checkout_chart() -> Path:
    """The chart of the folder we stand in, or of the checkout that this package was installed from."""
    here = Path("sre-space.yaml").resolve()
    own = Path(__file__).resolve().parents[3] / "sre-space.yaml"
    for path in (here, own):
        if path.is_file():
            return path
    raise Malformed(f"there is no chart at {here}; stand in the checkout, or set SRE_SPACE_CHART")
