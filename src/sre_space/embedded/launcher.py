"""Starts one process of the space: `python -m sre_space.embedded.launcher NAME [--config FILE] -- PROGRAM ARGS`.

supervisord runs it for every unit. It becomes the program: same process id, the environment that
`sre-space up` wrote for this unit and nothing else, and for a service its desired state from Git, read now, so that a
restart applies what was deployed. The kernel kills the program when supervisord dies, however it dies.
Standard library only: its time is added to every restart.
"""

import contextlib
import ctypes
import hashlib
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sre_space.domain.configuration import SPACE_NAME
from sre_space.files import replace_file
from sre_space.paths import StatePaths

EXIT_USAGE = 2
PR_SET_PDEATHSIG = 1  # linux/prctl.h
PAUSE_S = 1.0  # between two starts of a unit that supervisord restarts by itself: a crash loop stays cheap
QUICK_S = 10.0  # a life that ends earlier is a short one
PATIENCE = 3  # short lives in a row; each further one doubles the pause
MAX_PAUSE_S = 30.0
WATCH_S = 0.25

_MARK = re.compile(r"[\w.-]+@[0-9a-f]{12}")
_LINE = re.compile(r"([A-Za-z_]\w*)=(.*)")


class UnreadableFile(Exception):
    """A file of variables that is missing or malformed; the message is one sentence."""


@dataclass(frozen=True)
class Launch:
    """What to start: `config` is the desired state of a service, None for everything else."""

    name: str
    config: Path | None
    argv: tuple[str, ...]


def main() -> NoReturn:
    """Become the program, or exit 2 with one sentence."""
    try:
        launch = parse(sys.argv[1:])
        state = StatePaths(Path(os.environ.get("SRE_SPACE_STATE", "")))
        die_with(_supervisor(state))
        if launch.config is None:
            _pause(state.started(launch.name))
        if launch.config is not None:  # before it is read: should it change in between, the next deployment restarts us
            with _unwritable(launch.name):
                _tell_running(launch, launch.config, state.running(launch.name))
        environment = environment_of(state.root, launch)
        os.execvpe(launch.argv[0], launch.argv, environment)
    except (UnreadableFile, OSError) as error:
        sys.stderr.write(f"launcher: {error}\n")
        sys.exit(EXIT_USAGE)


def parse(arguments: Sequence[str]) -> Launch:
    """The command line; `UnreadableFile` says how it should look."""
    head, separator, argv = _split(arguments)
    config = Path(head[2]) if len(head) == 3 and head[1] == "--config" else None
    if not separator or not argv or (len(head) != 1 and config is None):
        raise UnreadableFile("use: python -m sre_space.embedded.launcher NAME [--config FILE] -- PROGRAM ARGS")
    return Launch(head[0], config, tuple(argv))


def environment_of(state: Path, launch: Launch) -> dict[str, str]:
    """The unit's whole environment. Ports and addresses, which the space decides, win over desired state.

    `up` writes the unit's own name last: without it the file is not whole.
    """
    path = StatePaths(state).environment(launch.name)
    wiring = read_variables(path)
    if not _MARK.fullmatch(wiring.get("SRE_SPACE_UNIT", "")):
        raise UnreadableFile(f"{path} is damaged; run `sre-space down` and `sre-space up`, which writes it anew")
    desired = read_variables(launch.config) if launch.config is not None and launch.config.exists() else {}
    return {**desired, **wiring}


def read_variables(path: Path) -> Mapping[str, str]:
    """`NAME=value` lines, values taken literally; `#` starts a comment line. `UnreadableFile` names file and line."""
    try:
        return parse_variables(path.read_text(), str(path))
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error


def parse_variables(text: str, name: str) -> Mapping[str, str]:
    """The variables of a file called `name`."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None or "\0" in line:
            raise UnreadableFile(f"{name}:{number}: {line.strip()!r} is not NAME=value")
        variables[found[1]] = found[2]
    return variables


def desired(name: str, content: bytes, space: Mapping[str, str]) -> str:
    """What a service is to run with, in two lines: the digest of its own file, and its limit of memory in `space`."""
    limit = space.get(f"{name.upper().replace('-', '_')}_MEMORY_BYTES", "")
    return f"{hashlib.sha256(content).hexdigest()}\n{limit}\n"


def _tell_running(launch: Launch, config: Path, path: Path) -> None:
    space = config.with_name(SPACE_NAME)
    content = config.read_bytes() if config.exists() else b""
    _make_way(path)
    text = desired(launch.name, content, read_variables(space) if space.exists() else {})
    replace_file(path, text.encode())


def _make_way(path: Path) -> None:
    """Set aside a folder that lies where a file belongs."""
    if path.is_dir():
        path.rename(path.with_name(f"{path.name}.damaged-{time.time_ns()}"))


@contextlib.contextmanager
def _unwritable(name: str) -> Iterator[None]:
    """A disk that takes nothing keeps nobody from starting: the deployer takes the unit for one to be restarted."""
    try:
        yield
    except OSError as error:
        sys.stderr.write(f"launcher: {name} is started all the same: {error}\n")


def _supervisor(state: StatePaths) -> int:
    """The process id of our supervisord: it may be dead already, and our parent somebody else."""
    try:
        return int(state.supervisor_pid.read_text())
    except (OSError, ValueError):
        return os.getppid()


def die_with(parent: int) -> None:
    """See to it that this process, and the program it becomes, do not outlive `parent` (a process id)."""
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    else:
        _watch(parent)
    if os.getppid() != parent:  # it died before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(parent: int) -> None:
    """Where the kernel does not help: a child that kills the program when the parent is gone."""
    program = os.getpid()
    if os.fork():
        return
    while os.getppid() == program:
        time.sleep(WATCH_S)
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(program, signal.SIGKILL)
    os._exit(0)


@dataclass(frozen=True)
class Starts:
    """How often a unit was started since the space was, and how many lives in a row until now were short ones."""

    count: int = 0
    short: int = 0

    @property
    def pause_s(self) -> float:
        """What lies between the last start and the next."""
        doublings = max(0, min(self.short, 30) - PATIENCE)
        return min(MAX_PAUSE_S, PAUSE_S * (1 << doublings))

    @property
    def again_within_s(self) -> float:
        """Who has not been started again for so long has lived."""
        return self.pause_s + QUICK_S

    def next(self, life_s: float) -> "Starts":
        """With one start more, after a life of so many seconds; the first has none before it."""
        return Starts(self.count + 1, self.short + 1 if self.count and life_s < QUICK_S else 0)


def starts_of(stamp: Path) -> Starts:
    """What the file `run/env/NAME.started` says; nothing, when it is damaged or not there."""
    try:
        count, short = map(int, stamp.read_text().split())
    except (OSError, ValueError):
        return Starts()
    return Starts(count, short) if count >= 0 and short >= 0 else Starts()


def _pause(stamp: Path) -> None:
    """Wait until the unit may be started again, and note that it is."""
    try:
        life = time.time() - stamp.stat().st_mtime
    except OSError:
        life = QUICK_S
    starts = starts_of(stamp).next(life)
    noted = _note(stamp, starts)
    time.sleep(min(starts.pause_s, max(0.0, starts.pause_s - life)) if noted else PAUSE_S)
    _note(stamp, starts)


def _note(stamp: Path, starts: Starts) -> bool:
    """Write them down, so that the time of the file is that of the start; False when the disk does not take it."""
    try:
        _make_way(stamp)
        stamp.touch(mode=0o600)
        stamp.write_text(f"{starts.count} {starts.short}\n")
    except OSError:
        return False
    return True


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], bool, Sequence[str]]:
    if "--" not in arguments:
        return arguments, False, ()
    at = arguments.index("--")
    return arguments[:at], True, arguments[at + 1 :]


if __name__ == "__main__":
    main()
