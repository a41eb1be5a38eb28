"""How much of what is generated a run tries: everything where EXAMPLES=all (`make test-all`), else a part."""

import os
from typing import TypeVar

T = TypeVar("T")
EVERYTHING = os.environ.get("EXAMPLES") == "all"


def amount(all_of_it: T, part: T) -> T:
    """Return what this run tries: the number of examples, seeds or days."""
    return all_of_it if EVERYTHING else part
