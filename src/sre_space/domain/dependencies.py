"""Which services a service depends on."""

from collections.abc import Mapping, Sequence

Calls = Mapping[str, Sequence[str]]  # service to the services that it calls


def reach(service: str, calls: Calls) -> frozenset[str]:
    """Return the service and everything that it depends on, however far down."""
    found: set[str] = set()
    waiting = [service]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(calls.get(name, ()))
    return frozenset(found)
