"""The state folder of a space: where everything lies, and the record of the space that runs in it."""

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
    """The record `run/space.json` of a space: its supervisord (and when that began), socket, ports, checkout.

    `python` is the interpreter that the space's own command runs with; `servers` are the addresses of those that it
    does not run itself, by the setting that names them.
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
        """As it is written."""
        return json.dumps(asdict(self), indent=1)

    @property
    def alive(self) -> bool:
        """True while this very supervisord lives."""
        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - self.created) < 1
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class SpaceState(StatePaths):
    """The folders of one space, and what runs in them."""

    @property
    def network_socket(self) -> Path:
        """Where the network takes orders."""
        return self.socket.with_name("network.sock")

    @property
    def read_socket(self) -> Path:
        """Where supervisord tells the units, and nothing else."""
        return self.socket.with_name("units.sock")

    def release(self) -> None:
        """Remove the halt file, whatever lies there."""
        remove(self.halt)

    @property
    def mark(self) -> str:
        """Names this space in the environment of its processes, without telling a path."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    @property
    def socket(self) -> Path:
        """supervisord's socket: beside the rest, or in a short private folder when that path is too long."""
        near = self.run / "supervisor.sock"
        if len(os.fsencode(near)) <= _MAX_SOCKET:
            return near
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        base = Path(runtime) if 0 < len(runtime) < _MAX_SOCKET // 2 else Path(tempfile.gettempdir())
        if len(os.fsencode(base)) > _MAX_SOCKET // 2:
            base = Path("/tmp")
        return base / f"sre-space-{os.getuid()}-{self.mark}" / "s.sock"

    def make(self) -> None:
        """Create the folders, for this user alone; `Malformed` says which one cannot be."""
        for folder in (*self.folders, self.socket.parent):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                own = folder.lstat() if folder == self.socket.parent else folder.stat()
            except OSError as error:
                raise Malformed(f"{folder}: {error.strerror}; set SRE_SPACE_STATE to a folder of yours") from error
            if own.st_uid != os.getuid():
                raise Malformed(f"{folder} belongs to somebody else; set SRE_SPACE_STATE to another folder")

    def record(self) -> Running | None:
        """The record of a space that runs or was killed here.

        When it is damaged or gone while the space runs, it is written anew: supervisord carries a copy.
        """
        known = self._recorded()
        if known is not None and known.alive:
            return known
        for _, process in self.marked(SUPERVISOR):
            with contextlib.suppress(psutil.Error, OSError):
                found = _parsed(process.environ().get(RECORD, ""))
                if found is not None:
                    return self._recovered(replace(found, pid=process.pid, created=process.create_time()))
        return known

    def _recorded(self) -> Running | None:
        try:
            return _parsed(self.space_record.read_text())
        except (OSError, ValueError):
            return None

    def _recovered(self, running: Running) -> Running:
        path = self.space_record
        if path.exists():
            set_aside(path, "the record of the running space is damaged; it is written anew")
        self.write_record(running)
        return running

    def marked(self, only: str = "") -> Iterator[tuple[str, psutil.Process]]:
        """The processes of this space, by their mark: name of the unit and process; or one unit's only."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                name, _, mark = process.environ().get("SRE_SPACE_UNIT", "").partition("@")
                alive = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
                if mark == self.mark and alive and only in ("", name):
                    yield name, process

    def write_record(self, running: Running) -> None:
        """Replace the record."""
        write_private(self.space_record, running.encoded)

    def clear(self) -> None:
        """Forget a space that is gone: record, socket and secrets of its processes, as far as the disk lets them go."""
        alone = (self.space_record, self.supervisor_pid, self.socket, self.read_socket, self.network_socket)
        for path in (*alone, *self.environments.glob("*")):
            with contextlib.suppress(OSError):
                remove(path)

    def remove_socket_folder(self) -> None:
        """Take the short private folder away, where there is one."""
        if self.socket.parent != self.run:
            with contextlib.suppress(OSError):  # not there, or somebody put something into it
                self.socket.parent.rmdir()


def _parsed(text: str) -> Running | None:
    """A record; None for what is none, or not whole."""
    try:
        found = Running(**json.loads(text))
        ports = {str(name): int(port) for name, port in found.ports.items()}
        servers = dict(found.servers.items())
        numbers = replace(found, pid=int(found.pid), created=float(found.created), ports=ports)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    texts = (numbers.socket, numbers.chart, numbers.repository, numbers.python, *servers.keys(), *servers.values())
    whole = all(isinstance(one, str) for one in texts) and ports and 0 < numbers.pid < 2**31
    return numbers if whole else None


class NotRunning(Unavailable):
    """No space runs in a state folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"no space runs in {root}; start one with: sre-space up")


def running_space(state: SpaceState) -> Running:
    """The space that runs here; `NotRunning` says how to start one."""
    running = state.record()
    if running is not None and running.alive:
        return running
    unrecorded = [str(process.pid) for _, process in state.marked(SUPERVISOR)]
    if unrecorded:
        raise Refused(
            f"a space runs in {state.root} (process {unrecorded[0]}), and its record {state.space_record} is "
            "damaged; end it with: sre-space down"
        )
    raise NotRunning(state.root)
