"""Parts of a long matrix of tests: `KILL_SHARD=1/12` of `kill`, `ADVERSITY_SHARD=1/12` of `adversity`."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")
VARIABLES = {"kill": "KILL_SHARD", "adversity": "ADVERSITY_SHARD"}  # by the marker


def part_of(whole: Sequence[T], shard: str) -> list[T]:
    """Return part `1/12` of a sequence, every twelfth from the first on; all of it for "".

    `ValueError` names what is no part.
    """
    if not shard:
        return list(whole)
    number, slash, of = shard.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise ValueError(f"{shard!r} is no part of a matrix; give its number and how many there are, as in 1/12")
    return list(whole[int(number) - 1 :: int(of)])


def left_out(named: Mapping[str, Sequence[T]], environment: Mapping[str, str]) -> list[T]:
    """Return what the environment's shards leave out of the matrices, which go by their markers."""
    out: list[T] = []
    for marker, whole in named.items():
        variable = VARIABLES[marker]
        try:
            kept = part_of(range(len(whole)), environment.get(variable, ""))
        except ValueError as error:
            raise ValueError(f"{variable}: {error}") from error
        out += [one for number, one in enumerate(whole) if number not in kept]
    return out
