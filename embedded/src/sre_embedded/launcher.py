"""Starts one process of the space: `python -m sre_embedded.launcher NAME [--config FILE] -- PROGRAM ARGS`.

supervisord runs it for every unit. It becomes the program: same process id, the environment that `sre-space up` wrote
for this unit and nothing else, and for a service its desired state from Git, read now, so that a restart applies what
was deployed. The kernel kills the program when supervisord dies, for whatever reason.
Standard library only: its time is added to every restart.
"""

import contextlib
import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sre_space.codec.variables import UnreadableFile, desired_text, parse_variables
from sre_space.domain.configuration import SPACE_NAME
from sre_space.files import replace_file
from sre_space.paths import StatePaths
from sre_space.starts import PAUSE_S, SHORT_RUN_S, Starts, starts_of

EXIT_USAGE = 2
PR_SET_PDEATHSIG = 1  # linux/prctl.h
WATCH_S = 0.25

_MARK = re.compile(r"[\w.-]+@[0-9a-f]{12}")


@dataclass(frozen=True)
class Launch:
    """What to start: `config` is the desired state of a service, None for everything else."""

    name: str
    config: Path | None
    argv: tuple[str, ...]


def main() -> NoReturn:
    """Become the program, or exit with status 2 and one sentence."""
    try:
        launch = parse(sys.argv[1:])
        state = StatePaths(Path(os.environ.get("SRE_SPACE_STATE", "")))
        die_with(_supervisor_pid(state))
        if launch.config is None:
            _pause(state.started(launch.name))
        else:
            _count_start(state.started(launch.name))
            # Recorded before it is read: if it changes in between, the next deployment restarts the unit.
            with _ignore_disk_errors(launch.name):
                _record_running(launch, launch.config, state.running(launch.name))
        environment = environment_of(state.root, launch)
        os.execvpe(launch.argv[0], launch.argv, environment)
    except (UnreadableFile, OSError) as error:
        sys.stderr.write(f"launcher: {error}\n")
        sys.exit(EXIT_USAGE)


def parse(arguments: Sequence[str]) -> Launch:
    """Parse the command line; `UnreadableFile` with the usage when it is invalid."""
    own, separator, argv = _split(arguments)
    config = Path(own[2]) if len(own) == 3 and own[1] == "--config" else None
    if not separator or not argv or (len(own) != 1 and config is None):
        raise UnreadableFile("use: python -m sre_embedded.launcher NAME [--config FILE] -- PROGRAM ARGS")
    return Launch(own[0], config, tuple(argv))


def environment_of(state: Path, launch: Launch) -> dict[str, str]:
    """Return the unit's whole environment; ports and addresses of the space override the desired state.

    `UnreadableFile` when a file is damaged: `up` writes the unit's own name last, so without it the file is incomplete.
    """
    path = StatePaths(state).environment(launch.name)
    wiring = read_variables(path)
    if not _MARK.fullmatch(wiring.get("SRE_SPACE_UNIT", "")):
        raise UnreadableFile(f"{path} is damaged; run `sre-space down` and `sre-space up`, which writes it anew")
    variables = read_variables(launch.config) if launch.config is not None and launch.config.exists() else {}
    return {**variables, **wiring}


def read_variables(path: Path) -> Mapping[str, str]:
    """Return the variables of a file with `NAME=value` lines; values are literal, `#` starts a comment line.

    `UnreadableFile` names file and line.
    """
    try:
        return parse_variables(path.read_text(), str(path))
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error


def _record_running(launch: Launch, config: Path, path: Path) -> None:
    space = config.with_name(SPACE_NAME)
    content = config.read_bytes() if config.exists() else b""
    _set_folder_aside(path)
    text = desired_text(launch.name, content, read_variables(space) if space.exists() else {})
    replace_file(path, text.encode())


def _set_folder_aside(path: Path) -> None:
    """Set aside a folder in the place of a file."""
    if path.is_dir():
        path.rename(path.with_name(f"{path.name}.damaged-{time.time_ns()}"))


@contextlib.contextmanager
def _ignore_disk_errors(name: str) -> Iterator[None]:
    """Let the unit start on a disk that cannot be written; the deployer then sees that it needs a restart."""
    try:
        yield
    except OSError as error:
        sys.stderr.write(f"launcher: {name} is started anyway: {error}\n")


def _supervisor_pid(state: StatePaths) -> int:
    """Return the process id of this space's supervisord; if it died already, the parent is another process."""
    try:
        return int(state.supervisor_pid.read_text())
    except (OSError, ValueError):
        return os.getppid()


def die_with(parent: int) -> None:
    """Make this process, and the program it becomes, end when `parent` (a process id) ends."""
    if sys.platform == "linux":
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    else:
        _watch(parent)
    if os.getppid() != parent:  # it died before prctl took effect
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(parent: int) -> None:
    """Fork a child that kills the program when the parent is gone, for systems without PR_SET_PDEATHSIG."""
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


def _pause(stamp: Path) -> None:
    """Wait until the unit may be started again, and record the start."""
    try:
        run_s = time.time() - stamp.stat().st_mtime
    except OSError:
        run_s = SHORT_RUN_S
    starts = starts_of(stamp).next(run_s)
    recorded = _record_start(stamp, starts)
    time.sleep(min(starts.pause_s, max(0.0, starts.pause_s - run_s)) if recorded else PAUSE_S)
    _record_start(stamp, starts)


def _count_start(stamp: Path) -> None:
    """Record the start of a service, which only Fixer restarts: it neither waits nor counts as a crash loop."""
    _record_start(stamp, Starts(starts_of(stamp).count + 1))


def _record_start(stamp: Path, starts: Starts) -> bool:
    """Write the starts; the file's time is that of the start. Return False when the disk cannot be written."""
    try:
        _set_folder_aside(stamp)
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
