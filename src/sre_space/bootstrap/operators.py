"""The people who give orders over the dashboard: their keys, and the issue on which their orders stand."""

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.adapters.operator_keys import OperatorKeys
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.labels import HOLD, ORDERS

TITLE = "[ORDERS] People's orders over the dashboard"
BODY = (
    "Holds, halts and resumes that people give over the dashboard stand here as comments, each signed with the key of "
    "the person. Everything else that is written here orders nothing. While this issue is closed, no such order counts."
)


def people_of(state: SpaceState) -> OperatorKeys:
    """Return the people whose keys are in the state folder."""
    return OperatorKeys(state.operators, TrustFolder(state.trust))


async def orders_issue(operator: Operator) -> int:
    """Return the open issue for people's orders, opened if there is none; raise `Unavailable` without a forge."""
    found = [issue.number for issue in await operator.forge.issues() if ORDERS in issue.labels]
    return found[-1] if found else await operator.forge.open_issue(TITLE, BODY, (HOLD, ORDERS))
