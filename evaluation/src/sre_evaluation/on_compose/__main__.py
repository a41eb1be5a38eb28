"""The command `python -m sre_evaluation.on_compose`, started by `sre-space eval` where RUNTIME names Docker."""

from sre_evaluation.on_compose import evaluating
from sre_evaluation.options import OPTIONS
from sre_space.cli import edge

NAME = "sre-evaluation"

COMMAND = edge.LazyCommand(
    NAME,
    f"{evaluating.__name__}:evaluate",
    "Inject every fault into this stack of containers, and count the results; exit 0 only when each score is good.",
    OPTIONS,
)

if __name__ == "__main__":
    edge.main(COMMAND, NAME)
