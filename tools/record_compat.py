"""Records what a release writes, as test data for later releases: `make record RELEASE=0.1.0` (docs/compatibility.md).

It starts a separate space and injects fault after fault, which takes ten minutes on an otherwise idle machine.
It writes to `tests/compat/RELEASE`: the issues of all incidents with the public keys, the history of desired state, two
bundles, and the state folder while a signed fact waits in an outbox (`recorded.py`); what the embedded space cannot
produce (`recorded_world.py`); the schemas of the payloads, and the public names.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import payload_schemas
import public_names
from recorded import bundles_of, desired_state_of, incidents_of, issue_of, state_of, write_json
from recorded_world import record_world
from rich.console import Console

from sre_evaluation.embedded_space import EmbeddedCourse, embedded_course
from sre_evaluation.space_under_test import SECOND
from sre_space.bootstrap.checkout import checkout_config
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.labels import NEEDS_HUMAN

LEARNT_NS = 150 * SECOND  # of running time, in which Scout learns its baselines
OPENED_WITHIN_S, ENDED_WITHIN_S = 60.0, 240.0
KILLED = "policy-service"
WITH_APPROVAL = "user-service"  # in this space its plans require approval
EXCLUDED = (
    "*.sock",
    "otlp_*",
    "sre_signals*",
    "telemetry",
    "apps",
    "logs",
    "chroma",
)  # from the copy of the state folder


class NotInTime(Exception):
    """The error that a condition did not come true in time."""


@dataclass(frozen=True)
class Recorder:
    """The running space, and the folder to which it is recorded."""

    course: EmbeddedCourse
    folder: Path
    begun: int

    @property
    def state(self) -> Path:
        """Return the state folder of the space."""
        return self.course.plan.state.root

    @property
    def raw(self) -> Path:
        """Return where the state folder is copied while a fact waits; it is gone at the end."""
        return self.folder / "raw"

    def case(self, number: int) -> Case:
        """Return an incident as it is now."""
        return next(case for case in self.course.space.cases() if case.issue == number)

    def pid(self, name: str) -> int:
        """Return the process id of a unit; 0 when it has none."""
        running = self.course.plan.state.record()
        assert running is not None
        return next(unit.pid for unit in space_supervisor.units(running.socket) if unit.name == name)

    def numbers(self) -> set[int]:
        """Return the issue numbers of all incidents."""
        return {case.issue for case in self.course.space.cases()}

    def hit(self, *arguments: str) -> int:
        """Inject a fault, and return the issue number of the incident that is opened for it."""
        before = self.numbers()
        self.course.space.chaos(*arguments)
        self.wait(lambda: self._new(before), f"an incident for {' '.join(arguments)}", OPENED_WITHIN_S)
        self.course.console.print(f"{' '.join(arguments)}: issue {self._new(before)[0]}")
        return self._new(before)[0]

    def _new(self, known: set[int]) -> list[int]:
        return [case.issue for case in self.course.space.cases() if case.issue not in known]

    def wait(self, condition: Callable[[], object], description: str, seconds: float = ENDED_WITHIN_S) -> None:
        """Wait until a condition is true; raise `NotInTime` after `seconds`."""
        if not self.course.space.until(lambda: bool(condition()), seconds):
            raise NotInTime(f"{description}: not within {seconds:g} s")

    def closed(self, number: int) -> None:
        """Wait until an incident is closed; raise `NotInTime` when it stays open."""
        self.wait(lambda: not self.case(number).is_open, f"the end of issue {number}")

    def keep(self, name: str, number: int) -> None:
        """Write an open issue to the folder, as it is on the forge now."""

        async def read(operator: Operator) -> object:
            return await issue_of(operator.forge, operator.incidents.repository, number)

        write_json(self.folder / "chains" / f"{name}.json", self.course.space.asked(read))

    def recover(self, *numbers: int) -> None:
        """Undo the fault, and wait until these incidents are closed and the application is healthy."""
        self.course.space.chaos("--recover")
        for number in numbers:
            self.closed(number)
        self.course.wait_until_healthy()


def play(recorder: Recorder) -> bool:
    """Provoke every remedy of the embedded space, and a waiting plan; return False when something did not happen."""
    complete = True
    for scene in (_crashes, _bad_commit, _failed_remedy, _surge, _slow_network, _forge_unavailable):
        try:
            scene(recorder)
        except NotInTime as error:
            complete = False
            recorder.course.console.print(f"MISSING: {error}; record again on an idle machine")
            recorder.recover()
    return complete


def _crashes(recorder: Recorder) -> None:
    """Record RESTART, its recurrence, which Memory recalls, and a restart that a person has to approve."""
    recorder.wait(lambda: recorder.course.space.journeys_good(recorder.begun), "good journeys")
    for _ in range(2):
        recorder.closed(recorder.hit("kill", KILLED))
    number = recorder.hit("kill", WITH_APPROVAL)
    recorder.wait(lambda: recorder.case(number).plan and waits_for_people(recorder.case(number)), "a plan waits")
    recorder.keep("waiting-plan", number)
    command = ["-m", "sre_space.cli.main", "approve", recorder.case(number).plan, "--state", str(recorder.state)]
    subprocess.run([sys.executable, *command], check=True)
    recorder.closed(number)
    recorder.course.space.until(lambda: time.time_ns() - recorder.begun > LEARNT_NS, 200)


def _bad_commit(recorder: Recorder) -> None:
    """Record REVERT of a bad commit."""
    recorder.closed(recorder.hit("conversion"))
    recorder.recover()


def _failed_remedy(recorder: Recorder) -> None:
    """Record SET-CONFIG that does not help and is rolled back."""
    number = recorder.hit("stubborn")
    recorder.wait(lambda: any(trial.undo for trial in recorder.case(number).trials), "a remedy is rolled back")
    recorder.recover(number)


def _surge(recorder: Recorder) -> None:
    """Record ESCALATE, as the embedded runtime cannot scale."""
    number = recorder.hit("traffic-surge")
    recorder.wait(lambda: NEEDS_HUMAN in recorder.case(number).labels, "a person is asked about the surge")
    recorder.keep("open-surge", number)
    recorder.recover(number)


def _slow_network(recorder: Recorder) -> None:
    """Record SET-CONFIG that improves; the incident stays open as long as the network is slow."""
    number = recorder.hit("latency")
    recorder.wait(lambda: NEEDS_HUMAN in recorder.case(number).labels, "a person is asked about the slow network")
    recorder.keep("open-latency", number)
    recorder.recover(number)


def _forge_unavailable(recorder: Recorder) -> None:
    """Copy the state folder while the forge is stopped and the next signed fact waits in an outbox.

    Between two facts the agents do nothing without the forge, so it is stopped as soon as the killed service has a new
    process: Fixer waits until that serves, and signs its action.
    """
    forge, killed = recorder.pid("forge"), recorder.pid(KILLED)
    before = recorder.numbers()
    recorder.course.space.chaos("kill", KILLED)
    _at_once(lambda: recorder.pid(KILLED) not in (0, killed), f"a new process of {KILLED}")
    with _stopped(forge):
        recorder.wait(lambda: list((recorder.state / "outbox").rglob("*.json")), "a fact waits in an outbox")
        shutil.copytree(recorder.state, recorder.raw, ignore=shutil.ignore_patterns(*EXCLUDED))
    for number in recorder.numbers() - before:
        recorder.closed(number)


def _at_once(condition: Callable[[], bool], description: str) -> None:
    """Wait until a condition is true, which is tried a hundred times a second; raise `NotInTime` after a minute."""
    deadline = time.monotonic() + OPENED_WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            raise NotInTime(f"{description}: not within {OPENED_WITHIN_S:g} s")
        time.sleep(0.01)


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """Stop a process for the context, so that it does not answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _collect(recorder: Recorder) -> None:
    """Write everything that is recorded of the space, while it runs."""
    plan, folder = recorder.course.plan, recorder.folder

    async def incidents(operator: Operator) -> list[Case]:
        await desired_state_of(plan, folder)
        return list(await incidents_of(operator, folder))

    paths = {recorder.state: "state", plan.checkout: "checkout", sys.executable: "python"}
    paths |= {sys.prefix: "environment", sys.base_prefix: "libraries"}  # in tracebacks
    placeholders = {str(path): f"{{{name}}}" for path, name in paths.items()}
    bundles_of(plan.state.bundles, recorder.course.space.asked(incidents), placeholders, folder)
    if recorder.raw.exists():
        state_of(recorder.raw, placeholders, folder)
        shutil.rmtree(recorder.raw)
    shutil.copytree(recorder.state / "trust", folder / "trust")
    shutil.copy(plan.config_path, folder / "sre-space.yaml")


def _checkout(folder: Path) -> Path:
    """Create a checkout in which one service requires approval, and return its configuration file."""
    config_path = checkout_config()
    for name in ("deploy", "chaos/src"):
        shutil.copytree(config_path.parent / name, folder / name)
    shutil.copy(config_path.parent / "trigger_chaos.py", folder)
    before, service, after = config_path.read_text().partition(f"  {WITH_APPROVAL}:\n")
    own = folder / config_path.name
    own.write_text(f"{before}{service}{after.replace('autonomy: autonomous', 'autonomy: approve', 1)}")
    return own


def main(release: str) -> int:
    """Record a release into a new folder, and return the exit status: 1 when something did not happen."""
    folder = public_names.NAMES.parent / release
    (folder / "space").mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory(prefix="sre-space-record-") as checkout,
        embedded_course(_checkout(Path(checkout)), Console()) as running_course,
    ):
        recorder = Recorder(running_course, folder / "space", time.time_ns())
        complete = play(recorder)
        _collect(recorder)
    record_world(folder / "world")
    payload_schemas.write(folder / "payloads")
    shutil.copy(public_names.NAMES, folder / "names.txt")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else "name the release: make record RELEASE=X.Y.Z")
