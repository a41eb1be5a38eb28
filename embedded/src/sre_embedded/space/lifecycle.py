"""The lifecycle of the embedded space: started in stages, and ended completely, also when a start is interrupted."""

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.space import supervision
from sre_embedded.space.deployed_files import prepare_deployed_files
from sre_embedded.space.environment import SpacePlan, TokenSetup, write_environments
from sre_embedded.space.exclusive import exclusive, reserved_ports
from sre_embedded.space.processes import IDENTITIES, Process, Role, process_table
from sre_embedded.space.readiness import await_ready, not_serving
from sre_embedded.space.requirements import check_requirements
from sre_embedded.space.telemetry_secrets import make_secrets
from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.notify import notifier
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.names import SIGNERS
from sre_space.bootstrap.space.state import SUPERVISOR, Running, SpaceState
from sre_space.domain.errors import Refused
from sre_space.domain.space_config import SpaceConfig
from sre_space.state_files import write_private

NOTIFY = "SRE_NOTIFY_URLS"
Tell = Callable[[str], None]


def up(plan: SpacePlan, tell: Tell, only: Sequence[str] = ()) -> Running:
    """Start the space and return its record when all servers are ready; otherwise leave nothing running.

    A service that does not serve is reported only: the space is up, and its agents repair it. `only` starts some of
    the processes (for tests). Raise `Refused` when a space runs here, a server does not serve, or another `up` or
    `down` is running.
    """
    state = plan.state
    _must_not_run(state)
    notifier(plan.variables.get(NOTIFY, ""))  # refuse what the agents would refuse, before anything is started
    config = check_requirements(plan)
    state.make()
    with exclusive(state.root), reserved_ports(plan.ports, plan.external.ports):
        _must_not_run(state)
        _clean(state, tell)
        plan.ports.refuse_taken(plan.external.ports)
        table = process_table(state, plan.ports, plan.application)
        processes = tuple(process for process in table if _is_started(plan, process, only))
        _prepare(plan, config, processes)
        with ExitStack() as unfinished:
            unfinished.callback(_end, state, tell)  # also on Ctrl-C, so that nothing is left running
            running = supervision.spawn(plan, processes)
            _start(plan, running, processes, tell)
            unfinished.pop_all()
    return running


def _is_started(plan: SpacePlan, process: Process, only: Sequence[str]) -> bool:
    return process.name not in plan.external.processes and (not only or process.name in only)


def down(state: SpaceState, tell: Tell) -> bool:
    """End the space; return False when there was none. Raise `Refused` while another `up` or `down` is running."""
    if not state.root.is_dir():
        return False
    with exclusive(state.root):
        return _end(state, tell)


def _must_not_run(state: SpaceState) -> None:
    running = state.record()
    living = [running.pid] if running is not None and running.alive else []
    living += [process.pid for _, process in state.marked(SUPERVISOR)]  # found also when its record is damaged
    if living:
        raise Refused(f"a space is already running in {state.root} (process {living[0]}); end it with: sre-space down")


def _end(state: SpaceState, tell: Tell) -> bool:
    running = state.record()
    alive = running is not None and running.alive
    if running is not None and alive:
        tell("stopping the space")
        supervision.stop(running)
    left = _clean(state, tell)
    state.remove_socket_folder()
    return alive or bool(left)


def _clean(state: SpaceState, tell: Tell) -> Sequence[str]:
    """Remove what a killed space left: processes, sockets, record; return the names of the processes."""
    left = supervision.sweep(state)
    if left:
        tell(f"stopped processes that an earlier space left running: {', '.join(left)}")
    state.clear()
    return left


def _prepare(plan: SpacePlan, config: SpaceConfig, processes: tuple[Process, ...]) -> None:
    state = plan.state
    for name in SIGNERS:
        make_key(state.key(name), state.trust, name)
    write_private(state.network_key, secrets.token_hex(32))
    identities = write_identities(state.identities, IDENTITIES)
    prepare_deployed_files(plan, config)
    tokens = TokenSetup({identity.login: identity.token for identity in identities}, make_secrets(state, processes))
    write_environments(plan, processes, tokens)


def _start(plan: SpacePlan, running: Running, processes: tuple[Process, ...], tell: Tell) -> None:
    for stage in sorted({process.stage for process in processes}):
        names = [process.name for process in processes if process.stage == stage]
        tell(f"starting {', '.join(names)}")
        for name in names:
            space_supervisor.start(running.socket, name)
        services = [
            process.name for process in processes if process.stage == stage and process.role is Role.APPLICATION
        ]
        await_ready(plan, running, [name for name in names if name not in services])
        for failure in not_serving(plan, running, services):
            tell(f"{failure}\nThe space starts nevertheless: its agents repair the service; see: sre-space incidents")
