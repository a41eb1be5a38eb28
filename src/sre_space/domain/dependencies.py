"""The dependencies of a service in the call graph."""

from collections.abc import Mapping, Sequence

Calls = Mapping[str, Sequence[str]]  # service to the services that it calls


def reach(service: str, calls: Calls) -> frozenset[str]:
    """Return the service and all its direct and indirect dependencies."""
    reached: set[str] = set()
    waiting = [service]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(calls.get(name, ()))
    return frozenset(reached)
