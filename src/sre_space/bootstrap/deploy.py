"""`sre-space deploy`: what main of the embedded forge's repository says becomes what runs.

1. Read `deploy/config/` of main; a file that does not parse refuses the whole deployment (`Unfit`), before anything
   changes.
2. Tell `changes` what begins.
3. Replace the files that differ, each at once; the warden reads `space.env` by itself.
4. Restart the services that run with another desired state than main's, and wait until each serves or has ended.
5. Tell `changes` what came of it, and write it into `deploy/deployments.jsonl`.

A deployer that is killed in between is continued by the next one (`deploy_journal.py`).

Running it twice changes nothing the second time; two at once take turns: the warden, which deploys whenever main moves
(`deploy_watch.py`), and whoever says `sre-space deploy`.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from sre_space.adapters.kafka import KafkaPublisher
from sre_space.bootstrap import deploy_journal as journal
from sre_space.bootstrap import space_supervisor
from sre_space.bootstrap.deploy_journal import Deployment
from sre_space.bootstrap.desired_state import desired_state
from sre_space.bootstrap.space_ports import HOST
from sre_space.bootstrap.space_state import Running, State, running_space, write_private
from sre_space.bootstrap.space_table import SERVICES
from sre_space.domain.bounds import cut
from sre_space.domain.configuration import FOLDER, SPACE_NAME
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.embedded.aside import make_folder, make_way, remove
from sre_space.embedded.forge.repository import files_at
from sre_space.embedded.launcher import desired, parse_variables
from sre_space.wire.changes import MAX_TOLD
from sre_space.wire.topics import CHANGES

SERVES_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05
LONGEST_LOOK_S = 2.0  # one that took longer was interrupted by a pause of this process
STOPPING, STOPPED = "STOPPING", "STOPPED"
ENDED = ("EXITED", "FATAL", "BACKOFF", STOPPED)


class Unfit(Malformed):
    """A commit that cannot be deployed; the message names the file, the line and the reason."""

    def __init__(self, commit: str, subject: str, reason: str) -> None:
        super().__init__(f"{reason}; nothing was deployed")
        self.commit, self.subject, self.reason = commit, subject, reason


async def deploy(state: State) -> Deployment:
    """Apply main; `Unfit` when it cannot be. One that a killed deployer left half done is taken to its end."""
    running = running_space(state)
    with _alone(state):
        wanted, left = await asyncio.to_thread(_plan, state, running)
        broken_off, last = journal.under_way(state), journal.last(state)
        again = broken_off is not None and broken_off.commit == left.commit
        whole = _both(broken_off, left) if again and broken_off else replace(left, at=time.time_ns())
        if not whole.changes_something:
            return replace(left, at=last.at) if last and last.commit == left.commit else left
        previous = last.commit if last else ""
        if not again:
            await _tell(running, {**_event(whole), "phase": "started", "previous": previous})
            journal.begin(state, whole)
        _write(state, wanted, left.changed)
        failed = await asyncio.to_thread(_restart, running, left.restarted, whole.restarted)
        done = replace(whole, failed=tuple(failed))
        await _tell(running, {**_event(done), "phase": "done", "previous": previous})
        journal.record(state, done)
    return done


def _both(begun: Deployment, left: Deployment) -> Deployment:
    """What a killed deployer had planned, and what is left to do now."""
    changed = tuple(sorted({*begun.changed, *left.changed}))
    return replace(begun, changed=changed, restarted=tuple(dict.fromkeys((*begun.restarted, *left.restarted))))


def planned(state: State) -> Deployment:
    """What a deployment would do now: changes nothing; `Unfit` when it cannot be."""
    return _plan(state, running_space(state))[1]


async def tell_refused(state: State, unfit: Unfit) -> None:
    """Tell `changes` of a commit that is not deployed, and why."""
    refused = Deployment(unfit.commit, unfit.subject, (), (), 0)
    await _tell(running_space(state), {**_event(refused), "phase": "refused", "reason": unfit.reason})


def repository(state: State, running: Running) -> Path:
    """Where the embedded forge keeps the repository of a space."""
    owner, _, repo = running.repository.partition("/")
    return state.repository(owner, repo)


def _plan(state: State, running: Running) -> tuple[Mapping[str, str], Deployment]:
    """The wanted files, and what has to be done for them."""
    commit, subject, files = files_at(repository(state, running), FOLDER)
    try:
        wanted = desired_state(files)
    except Malformed as error:
        raise Unfit(commit, subject, str(error)) from error
    make_folder(state.deployed)
    present = {path.name: _content(path) for path in state.deployed.glob("*.env")}
    texts = {name: text.encode() for name, text in wanted.items()}
    changed = sorted(name for name in texts.keys() | present.keys() if texts.get(name) != present.get(name))
    stale = _stale(state, running, wanted)
    return wanted, Deployment(commit, subject, tuple(changed), tuple(stale), time.time_ns())


def _stale(state: State, running: Running, wanted: Mapping[str, str]) -> list[str]:
    """Services that were started with another state than the wanted one, or that a killed deployer left stopped."""
    units = {unit.name: unit.state for unit in space_supervisor.units(running.socket)}
    broken_off = journal.under_way(state)
    stopped = {one for one in (broken_off.restarted if broken_off else ()) if units.get(one) in (STOPPING, STOPPED)}
    space = parse_variables(wanted.get(SPACE_NAME, ""), SPACE_NAME)
    states = {one: desired(one, wanted.get(f"{one}.env", "").encode(), space) for one in SERVICES if one in units}
    return [one for one, text in states.items() if one in stopped or _runs(state, one) != text]


def _runs(state: State, service: str) -> str:
    """What a service was started with, "" when it never was."""
    return _content(state.running(service)).decode(errors="replace")


def _content(path: Path) -> bytes:
    """Nothing, for what cannot be read: it is not what is wanted, and is replaced."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(state: State, wanted: Mapping[str, str], changed: Sequence[str]) -> None:
    for name in changed:
        if name in wanted:
            write_private(state.deployed / name, wanted[name])
        else:
            remove(state.deployed / name)


def _restart(running: Running, stale: Sequence[str], all_of_it: Sequence[str]) -> list[str]:
    """Restart those that are stale, one after the other; those of all that do not serve afterwards."""
    failed = []
    for service in all_of_it:
        if service in stale:
            with contextlib.suppress(Refused):  # it is down already
                space_supervisor.call(running.socket, "stopProcess", service)
            _await_end(running, service)
            space_supervisor.start(running.socket, service)
        if not _serves(running, service):
            failed.append(service)
    return failed


def _await_end(running: Running, service: str) -> None:
    """One that is still being stopped, on the order of a deployer that was killed, cannot be started yet."""
    for _ in looks(SERVES_WITHIN_S, time.monotonic):
        if not any(one.name == service and one.state == STOPPING for one in space_supervisor.units(running.socket)):
            return
        time.sleep(LOOK_EVERY_S)


def looks(seconds: float, now: Callable[[], float]) -> Iterator[None]:
    """Go on for so long by `now` (seconds), not counting the time in which this process did not run."""
    left, begun = seconds, now()
    while left > 0:
        yield
        left, begun = left - min(now() - begun, LONGEST_LOOK_S), now()


def _serves(running: Running, service: str) -> bool:
    """True once it is ready; False when it ended or took too long."""
    port = running.ports[f"{service.replace('-', '_')}_port"]
    url = f"http://{HOST}:{port}/ready"
    for _ in looks(SERVES_WITHIN_S, time.monotonic):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=1.0, trust_env=False).is_success:
                return True
        if any(unit.name == service and unit.state in ENDED for unit in space_supervisor.units(running.socket)):
            return False
        time.sleep(LOOK_EVERY_S)
    return False


def _event(deployment: Deployment) -> dict[str, object]:
    """What `changes` is told whatever the phase; with `id` and Git a reader has the diff (`sre-space diagnose`)."""
    return {
        "id": deployment.commit,
        "kind": "deployment",
        "time": time.time_ns(),
        "service": ",".join(deployment.restarted),
        "files": deployment.changed[:MAX_TOLD],
        "summary": cut(deployment.subject),  # the first line of a commit is as long as somebody writes it
    }


async def _tell(running: Running, event: Mapping[str, object]) -> None:
    """A hint on `changes`, always confirmed against Git: without the bus the deployment goes on."""
    publisher = KafkaPublisher(f"{HOST}:{running.ports['bus_port']}")
    with contextlib.suppress(Unavailable, Refused):
        await publisher.publish(CHANGES, json.dumps(event).encode(), key=str(event["id"]).encode())
    await publisher.close()


@contextlib.contextmanager
def _alone(state: State) -> Iterator[None]:
    """Wait for a deployment under way."""
    path: Path = state.deployed.parent / "lock"
    try:
        make_way(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
