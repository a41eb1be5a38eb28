"""The parameters of one claim, of which `make test-unit` tries the first alone and `make test` all."""

from collections.abc import Iterable

import pytest


def matrix(values: Iterable[object]) -> list[object]:
    """Return parameters for one argument of `pytest.mark.parametrize`, all but the first with the mark `matrix`."""
    first, *others = values
    return [first, *(pytest.param(value, marks=pytest.mark.matrix) for value in others)]
