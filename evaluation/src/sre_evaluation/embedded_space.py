"""The space that an evaluation starts for itself, embedded, and stops afterwards."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sre_embedded.space import lifecycle
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.plan import separate_plan
from sre_embedded.space.process_file import NAME as PROCESSES
from sre_evaluation.course import Course
from sre_evaluation.desired_state import GitDesiredState
from sre_evaluation.space_under_test import SpaceUnderTest
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.servers import HOST

# An evaluation runs more rounds than a real space sees faults in a day.
MANY = {
    "${RESTARTS_PER_HOUR:-6}": "1000",
    "${CHANGES_PER_KEY_A_DAY:-2}": "1000",
}


@dataclass(frozen=True)
class EmbeddedAccess:
    """The access to the running space of a plan, on this machine."""

    plan: SpacePlan

    @property
    def chaos(self) -> Sequence[str]:
        """Return the command of the checkout, for the plan's state folder."""
        return sys.executable, str(self.plan.checkout / "trigger_chaos.py"), "--state", str(self.plan.state.root)

    @property
    def jaeger(self) -> str:
        """Return the URL of the space's own trace store."""
        return f"http://{HOST}:{self.plan.ports.jaeger_port}"

    def operator(self) -> Operator:
        """Return connections to the space's servers."""
        return Operator.of(self.plan.state)


@dataclass(frozen=True)
class EmbeddedCourse(Course):
    """A course whose space has a plan."""

    plan: SpacePlan


@contextmanager
def embedded_course(config_path: Path, console: Console) -> Iterator[EmbeddedCourse]:
    """Start a space of this checkout and stop it afterwards; its guardrails allow as many actions as rounds need."""
    folder = Path(tempfile.mkdtemp(prefix="sre-space-eval-"))
    plan = _plan(folder.resolve(), config_path)

    def keep() -> None:
        removal.pop_all()
        console.print(f"kept: {plan.state.root} (logs, spans, bundles, issues); delete it afterwards")

    with ExitStack() as removal:
        removal.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            lifecycle.up(plan, lambda text: console.print(f"[dim]{text}[/dim]"))
            space = SpaceUnderTest(EmbeddedAccess(plan))
            yield EmbeddedCourse(space, GitDesiredState(plan), console, keep, plan)
        finally:
            lifecycle.down(plan.state, lambda _: None)


def _plan(folder: Path, config_path: Path) -> SpacePlan:
    checkout = folder / "checkout"
    shutil.copytree(config_path.parent / "deploy", checkout / "deploy")
    shutil.copytree(config_path.parent / "chaos" / "src", checkout / "chaos" / "src")
    for name in ("trigger_chaos.py", PROCESSES):
        shutil.copy(config_path.parent / name, checkout)
    text = config_path.read_text()
    for usual, many in MANY.items():
        text = text.replace(usual, many)
    (checkout / config_path.name).write_text(text)
    return separate_plan(folder / "state", checkout / config_path.name)
