"""The plan of a space that is never started, with the processes of this checkout."""

from collections.abc import Sequence
from pathlib import Path

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.plan import separate_plan
from sre_embedded.space.processes import Process, process_table

CONFIG = Path(__file__).resolve().parents[2] / "sre-space.yaml"


def planned(state: Path) -> SpacePlan:
    """Return the plan of a space of this checkout in a state folder."""
    return separate_plan(state, CONFIG)


def table(plan: SpacePlan) -> Sequence[Process]:
    """Return all of its processes."""
    return process_table(plan.state, plan.ports, plan.application)
