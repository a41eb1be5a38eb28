"""What a contract suite runs over: the adapter of a port with its server, and each double that unit tests stand on.

A fixture of `tests/contract` that is parametrised with `BOTH` gives one after the other. A story that a double has no
part in says so, and why, with `adapter_alone`.
"""

import pytest

ADAPTER, DOUBLE = "adapter", "double"
BOTH = (ADAPTER, DOUBLE)


def adapter_alone(fixture: str, why: str) -> pytest.MarkDecorator:
    """Tell a story over the adapter only; `why` is part of the test's name."""
    return pytest.mark.parametrize(fixture, [pytest.param(ADAPTER, id=f"{ADAPTER} alone: {why}")], indirect=True)
