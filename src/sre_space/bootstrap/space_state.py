"""The state folder of a space: where everything lies, and the record of the space that runs in it."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from sre_space.domain.errors import Malformed, Refused, Unavailable

_FOLDERS = (
    "bus",
    "telemetry",
    "forge",
    "chroma",
    "apps",
    "keys",
    "trust",
    "logs",
    "run",
    "run/env",
    "deploy",
    "outbox",
    "bundles",
)
_LONGEST_SOCKET = 90  # bytes; the kernel takes 108 (macOS 104) and supervisord adds its process id


@dataclass(frozen=True)
class Running:
    """The record `run/space.json` of a space: its supervisord (and when that began), socket, ports, checkout.

    `python` is the interpreter that the space's own command runs with.
    """

    pid: int
    created: float
    socket: str
    ports: Mapping[str, int]
    chart: str
    repository: str
    python: str = ""

    @property
    def alive(self) -> bool:
        """True while this very supervisord lives."""
        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - self.created) < 1
        except psutil.NoSuchProcess:
            return False


@dataclass(frozen=True)
class State:
    """The folders of one space."""

    root: Path

    @property
    def run(self) -> Path:
        """What exists only while the space runs, and the journal of the warden."""
        return self.root / "run"

    @property
    def deployed(self) -> Path:
        """The desired state that is in force: a copy of `deploy/config` of main."""
        return self.root / "deploy" / "config"

    @property
    def bundles(self) -> Path:
        """What the diagnoses looked at."""
        return self.root / "bundles"

    @property
    def network_key(self) -> Path:
        """The secret of whoever may give orders to the network."""
        return self.root / "keys" / "network.key"

    @property
    def telemetry_tokens(self) -> Path:
        """Who may send telemetry in whose name: the SHA-256 of each token."""
        return self.root / "keys" / "telemetry-tokens.json"

    @property
    def record_key(self) -> Path:
        """The key of the MAC of telemetry records on the bus."""
        return self.root / "keys" / "telemetry-records.key"

    @property
    def network_socket(self) -> Path:
        """Where the network takes orders."""
        return self.socket.with_name("network.sock")

    @property
    def halt(self) -> Path:
        """The halt file."""
        return self.root / "halt"

    @property
    def identities(self) -> Path:
        """The forge's identities and their tokens."""
        return self.root / "forge" / "identities.json"

    @property
    def mark(self) -> str:
        """Names this space in the environment of its processes, without telling a path."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:12]

    @property
    def socket(self) -> Path:
        """supervisord's socket: beside the rest, or in a short private folder when that path is too long."""
        near = self.run / "supervisor.sock"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET:
            return near
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        base = Path(runtime) if 0 < len(runtime) < _LONGEST_SOCKET // 2 else Path(tempfile.gettempdir())
        if len(os.fsencode(base)) > _LONGEST_SOCKET // 2:
            base = Path("/tmp")
        return base / f"sre-space-{os.getuid()}-{self.mark}" / "s.sock"

    def log(self, name: str) -> Path:
        """The log of one unit."""
        return self.root / "logs" / f"{name}.log"

    def make(self) -> None:
        """Create the folders, for this user alone; `Malformed` says which one cannot be."""
        for folder in (self.root, *(self.root / name for name in _FOLDERS), self.socket.parent):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                own = folder.lstat() if folder == self.socket.parent else folder.stat()
            except OSError as error:
                raise Malformed(f"{folder}: {error.strerror}; set SRE_SPACE_STATE to a folder of yours") from error
            if own.st_uid != os.getuid():
                raise Malformed(f"{folder} belongs to somebody else; set SRE_SPACE_STATE to another folder")

    def record(self) -> Running | None:
        """The record of a space that runs or was killed here; a damaged one counts as none."""
        try:
            return Running(**json.loads((self.run / "space.json").read_text()))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def write_record(self, running: Running) -> None:
        """Replace the record."""
        write_private(self.run / "space.json", json.dumps(asdict(running), indent=1))

    def clear(self) -> None:
        """Forget a space that is gone: record, socket and secrets of its processes, as far as the disk lets them go."""
        alone = (self.run / "space.json", self.run / "supervisord.pid", self.socket, self.network_socket)
        for path in (*alone, *self.run.glob("env/*")):
            with contextlib.suppress(OSError):
                path.unlink()

    def remove_socket_folder(self) -> None:
        """Take the short private folder away, where there is one."""
        if self.socket.parent != self.run:
            with contextlib.suppress(OSError):  # not there, or somebody put something into it
                self.socket.parent.rmdir()


def running_space(state: State) -> Running:
    """The space that runs here; `Refused` says how to start one."""
    running = state.record()
    if running is None or not running.alive:
        raise Refused(f"no space runs in {state.root}; start one with: sre-space up")
    return running


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 at once: readers see the old or the new one.

    `Unavailable` when the disk does not take it: then the old one is still there, and nothing beside it.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise Unavailable(f"{path} cannot be written: {error.strerror}; free some space there, or see why") from error
