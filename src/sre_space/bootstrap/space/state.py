"""The state folder of a space: its paths and sockets, and the record of the space that runs in it."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import psutil

from sre_space.domain.errors import Malformed, Refused, Unavailable
from sre_space.paths import StatePaths
from sre_space.state_files import remove, set_aside, write_private

SUPERVISOR = "supervisord"
RECORD = "SRE_SPACE_RECORD"  # in the environment of supervisord: a copy of the record
_MAX_SOCKET = 90  # bytes; the kernel takes 108 (macOS 104) and supervisord adds its process id


@dataclass(frozen=True)
class Running:
    """The record `run/space.json` of a running space: supervisord's process id and start time, socket, ports, checkout.

    `python` is the interpreter of the space's processes; `servers` are the addresses of external servers, by the
    setting that names them.
    """

    pid: int
    created: float
    socket: str
    ports: Mapping[str, int]
    chart: str
    repository: str
    python: str = ""
    servers: Mapping[str, str] = field(default_factory=dict)

    @property
    def encoded(self) -> str:
        """Return the record as JSON, as it is written to disk."""
        return json.dumps(asdict(self), indent=1)

    @property
    def alive(self) -> bool:
        """Return True while this very supervisord process is running."""
        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - self.created) < 1
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class SpaceState(StatePaths):
    """The state folder of one space, and the processes that run in it."""

    @property
    def network_socket(self) -> Path:
        """Return the socket on which the embedded network takes commands."""
        return self.socket.with_name("network.sock")

    @property
    def read_socket(self) -> Path:
        """Return supervisord's read-only socket, which lists the units."""
        return self.socket.with_name("units.sock")

    @property
    def events_socket(self) -> Path:
        """Return supervisord's socket of events, which sends the starts and ends of the units."""
        return self.socket.with_name("events.sock")

    def release(self) -> None:
        """Remove the halt file, also when a folder is in its place."""
        remove(self.halt)

    @property
    def mark(self) -> str:
        """Return the id that marks the processes of this space in their environment, without revealing a path."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    @property
    def socket(self) -> Path:
        """Return supervisord's control socket: in `run`, or in a short private folder when that path is too long."""
        near = self.run / "supervisor.sock"
        if len(os.fsencode(near)) <= _MAX_SOCKET:
            return near
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        base = Path(runtime) if 0 < len(runtime) < _MAX_SOCKET // 2 else Path(tempfile.gettempdir())
        if len(os.fsencode(base)) > _MAX_SOCKET // 2:
            base = Path("/tmp")
        return base / f"sre-space-{os.getuid()}-{self.mark}" / "s.sock"

    def make(self) -> None:
        """Create the folders, for this user alone; raise `Malformed` with a folder that cannot be used."""
        for folder in (*self.folders, self.socket.parent):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                own = folder.lstat() if folder == self.socket.parent else folder.stat()
            except OSError as error:
                raise Malformed(f"{folder}: {error.strerror}; set SRE_SPACE_STATE to a folder that you own") from error
            if own.st_uid != os.getuid():
                raise Malformed(f"{folder} belongs to another user; set SRE_SPACE_STATE to another folder")

    def record(self) -> Running | None:
        """Return the record of the space that runs, or was killed, here; None when there is none.

        A record that is damaged or missing while the space runs is restored from supervisord's environment.
        """
        recorded = self._recorded()
        if recorded is not None and recorded.alive:
            return recorded
        for _, process in self.marked(SUPERVISOR):
            with contextlib.suppress(psutil.Error, OSError):
                copy = _parsed(process.environ().get(RECORD, ""))
                if copy is not None:
                    return self._recovered(replace(copy, pid=process.pid, created=process.create_time()))
        return recorded

    def _recorded(self) -> Running | None:
        try:
            return _parsed(self.space_record.read_text())
        except (OSError, ValueError):
            return None

    def _recovered(self, running: Running) -> Running:
        path = self.space_record
        if path.exists():
            set_aside(path, "the record of the running space is damaged; it is restored")
        self.write_record(running)
        return running

    def marked(self, only: str = "") -> Iterator[tuple[str, psutil.Process]]:
        """Yield unit name and process of each process with this space's mark, of all units or of `only` one."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                name, _, mark = process.environ().get("SRE_SPACE_UNIT", "").partition("@")
                alive = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
                if mark == self.mark and alive and only in ("", name):
                    yield name, process

    def write_record(self, running: Running) -> None:
        """Replace the record; raise `Unavailable` when the disk cannot be written."""
        write_private(self.space_record, running.encoded)

    def clear(self) -> None:
        """Remove the record, sockets and environments of a space that has ended; ignore what cannot be removed."""
        sockets = (self.socket, self.read_socket, self.events_socket, self.network_socket)
        for path in (self.space_record, self.supervisor_pid, *sockets, *self.environments.glob("*")):
            with contextlib.suppress(OSError):
                remove(path)

    def remove_socket_folder(self) -> None:
        """Remove the short private folder of the sockets, where there is one."""
        if self.socket.parent != self.run:
            with contextlib.suppress(OSError):  # missing, or not empty
                self.socket.parent.rmdir()


def _parsed(text: str) -> Running | None:
    """Return the record in a text; None when it is damaged."""
    try:
        running = Running(**json.loads(text))
        ports = {str(name): int(port) for name, port in running.ports.items()}
        servers = dict(running.servers.items())
        typed = replace(running, pid=int(running.pid), created=float(running.created), ports=ports)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    texts = (typed.socket, typed.chart, typed.repository, typed.python, *servers.keys(), *servers.values())
    whole = all(isinstance(entry, str) for entry in texts) and ports and 0 < typed.pid < 2**31
    return typed if whole else None


class NotRunning(Unavailable):
    """The error that no space runs in a state folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"no space runs in {root}; start one with: sre-space up")


def running_space(state: SpaceState) -> Running:
    """Return the record of the space running here; raise `NotRunning` without one, `Refused` if its record is lost."""
    running = state.record()
    if running is not None and running.alive:
        return running
    pids = [str(process.pid) for _, process in state.marked(SUPERVISOR)]
    if pids:
        raise Refused(
            f"a space runs in {state.root} (process {pids[0]}), and its record {state.space_record} is "
            "damaged; end it with: sre-space down"
        )
    raise NotRunning(state.root)
