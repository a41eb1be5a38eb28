"""What could not be read of a document, counted by reason."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

PARSE_ERRORS = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    ArithmeticError,
    RecursionError,
)
MAX_REASONS = 20  # reasons that are kept apart
MAX_REASON = 120  # characters


class Lost(Counter[str]):
    """How many items were lost, by reason."""

    def note(self, item: str, error: BaseException | str, number: int = 1) -> None:
        """Count lost items; beyond MAX_REASONS different reasons only how many."""
        why = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        reason = f"{item}: {why}"[:MAX_REASON]
        self[reason if reason in self or len(self) < MAX_REASONS else f"{item}: other reasons"] += number

    @contextmanager
    def guard(self, item: str) -> Iterator[None]:
        """Count an item as lost, and go on, when reading it fails for what it holds."""
        try:
            yield
        except PARSE_ERRORS as error:
            self.note(item, error)
