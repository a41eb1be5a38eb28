"""The command `python -m sre_evaluation`, started by `sre-space eval`."""

from sre_evaluation.options import OPTIONS
from sre_space.cli import edge

NAME = "sre-evaluation"

COMMAND = edge.LazyCommand(
    NAME,
    "sre_evaluation.on_embedded:evaluate",
    "Inject every fault into a space of its own, and count the results; exit 0 only when each score is good enough.",
    OPTIONS,
)

if __name__ == "__main__":
    edge.main(COMMAND, NAME)
