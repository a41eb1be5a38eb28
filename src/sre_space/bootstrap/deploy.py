"""`sre-space deploy`: what main of the embedded forge's repository says becomes what runs.

1. Read `deploy/config/` of main; a file that does not parse refuses the whole deployment, before anything changes.
2. Tell `changes` what begins.
3. Replace the files that differ, each at once; the warden reads `space.env` by itself.
4. Restart the services that run with another desired state than main's, and wait until each serves or has ended.
5. Tell `changes` what came of it, and write it into `deploy/deployments.jsonl`.

Running it twice changes nothing the second time; two at once take turns.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

from sre_space.adapters.kafka import KafkaPublisher
from sre_space.bootstrap import space_supervisor
from sre_space.bootstrap.operator import running_space
from sre_space.bootstrap.space_ports import HOST
from sre_space.bootstrap.space_state import Running, State, write_private
from sre_space.bootstrap.space_table import SERVICES
from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.embedded.forge.repository import files_at
from sre_space.embedded.launcher import Unreadable, digest, parse_variables, running_file
from sre_space.embedded.warden.limits import BadLimits, parse_limits

FOLDER = "deploy/config"
SPACE_FILE = "space.env"
TOPIC = "changes"
SERVES_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05
ENDED = ("EXITED", "FATAL", "BACKOFF", "STOPPED")


@dataclass(frozen=True)
class Deployment:
    """What was done: the commit and its subject, files replaced, services restarted, and those that do not serve now.

    `at` is when the first change began (Unix ns).
    """

    commit: str
    subject: str
    changed: tuple[str, ...]
    restarted: tuple[str, ...]
    at: int
    failed: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """False when main runs already."""
        return bool(self.changed or self.restarted)


async def deploy(state: State) -> Deployment:
    """Apply main; `Malformed` names the file, the line and the reason that refuse it."""
    running = running_space(state)
    with _alone(state):
        wanted, planned = await asyncio.to_thread(_plan, state, running)
        if not planned.changes_something:
            return planned
        planned = replace(planned, at=time.time_ns())
        await _tell(running, planned, "started")
        _write(state, wanted, planned.changed)
        failed = await asyncio.to_thread(_restart, running, planned.restarted)
        done = replace(planned, failed=tuple(failed))
        await _tell(running, done, "done")
        _record(state, done)
    return done


def _plan(state: State, running: Running) -> tuple[Mapping[str, str], Deployment]:
    """The wanted files, and what has to be done for them."""
    owner, _, repo = running.repository.partition("/")
    commit, subject, files = files_at(state.root / "forge" / owner / f"{repo}.git", FOLDER)
    wanted = {name: _checked(name, content) for name, content in files.items() if name.endswith(".env")}
    if not wanted:
        raise Malformed(f"{FOLDER} of main ({commit[:12]}) holds no *.env file; nothing was deployed")
    present = {path.name: path.read_text() for path in state.deployed.glob("*.env")}
    changed = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    units = {unit.name for unit in space_supervisor.units(running.socket)}
    stale = [one for one in SERVICES if one in units and _runs(state, one) != digest(_content(wanted, one))]
    return wanted, Deployment(commit, subject, tuple(changed), tuple(stale), time.time_ns())


def _checked(name: str, content: bytes) -> str:
    """The text of a file that parses."""
    try:
        text = content.decode()
        if name == SPACE_FILE:
            parse_limits(text, f"{FOLDER}/{name}")
        parse_variables(text, f"{FOLDER}/{name}")
    except (Unreadable, BadLimits, UnicodeDecodeError) as error:
        raise Malformed(f"{error}; nothing was deployed") from error
    return text


def _content(wanted: Mapping[str, str], service: str) -> bytes:
    return wanted.get(f"{service}.env", "").encode()


def _runs(state: State, service: str) -> str:
    """The digest of what a service was started with, "" when it never was."""
    with contextlib.suppress(FileNotFoundError):
        return running_file(state.root, service).read_text()
    return ""


def _write(state: State, wanted: Mapping[str, str], changed: Sequence[str]) -> None:
    for name in changed:
        if name in wanted:
            write_private(state.deployed / name, wanted[name])
        else:
            (state.deployed / name).unlink(missing_ok=True)


def _restart(running: Running, services: Sequence[str]) -> list[str]:
    """Restart one after the other; those that do not serve afterwards."""
    failed = []
    for service in services:
        with contextlib.suppress(Refused):  # it is down already
            space_supervisor.call(running.socket, "stopProcess", service)
        space_supervisor.start(running.socket, service)
        if not _serves(running, service):
            failed.append(service)
    return failed


def _serves(running: Running, service: str) -> bool:
    """True once it is ready; False when it ended or took too long."""
    port = running.ports[f"{service.replace('-', '_')}_port"]
    url = f"http://{HOST}:{port}/ready"
    deadline = time.monotonic() + SERVES_WITHIN_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=1.0, trust_env=False).is_success:
                return True
        if any(unit.name == service and unit.state in ENDED for unit in space_supervisor.units(running.socket)):
            return False
        time.sleep(LOOK_EVERY_S)
    return False


async def _tell(running: Running, deployment: Deployment, phase: str) -> None:
    """A hint on `changes`, always confirmed against Git: without the bus the deployment goes on."""
    told = {"id": deployment.commit, "kind": "deployment", "phase": phase, "time": time.time_ns()}
    told |= {"service": ",".join(deployment.restarted), "files": deployment.changed, "summary": deployment.subject}
    publisher = KafkaPublisher(f"{HOST}:{running.ports['bus_port']}")
    with contextlib.suppress(Unavailable):
        await publisher.publish(TOPIC, json.dumps(told).encode(), key=deployment.commit.encode())
    await publisher.close()


def _record(state: State, deployment: Deployment) -> None:
    path = state.deployed.parent / "deployments.jsonl"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
        file.write(json.dumps(asdict(deployment)) + "\n")


@contextlib.contextmanager
def _alone(state: State) -> Iterator[None]:
    """Wait for a deployment under way."""
    path: Path = state.deployed.parent / "lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
