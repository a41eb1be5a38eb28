"""What the entries of a configuration must agree on: services that exist, calls without a cycle, units of their own.

Used by `config_file`, after each entry by itself was found valid.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from sre_space.adapters.config_desired_agreement import disagreements
from sre_space.adapters.config_mistakes import mistake
from sre_space.adapters.config_schema import SpaceFile
from sre_space.adapters.config_words import did_you_mean
from sre_space.adapters.config_yaml import Document, Place
from sre_space.domain.errors import Malformed
from sre_space.domain.holds import ALL


def must_agree(raw: SpaceFile, source: Document, name: str, units: Collection[str] | None) -> None:
    """Raise `Malformed` with the first disagreement by line; `units` are the runtime's, None where not known."""
    found = [
        *_calls(raw), *_shared(raw), *_units(raw, units), *_journeys(raw), *_maintenance(raw), *disagreements(raw),
    ]  # fmt: skip
    if found:
        place, why = min(found, key=lambda one: source.line(one[0]))
        raise Malformed(f"{name}:{mistake(source, place, why)}")


def _calls(raw: SpaceFile) -> Iterator[tuple[Place, str]]:
    """Yield the calls of unknown services and, where all are known, the one that closes a cycle."""
    unknown = False
    for service, entry in raw.services.items():
        for number, called in enumerate(entry.calls):
            if called not in raw.services:
                unknown = True
                known = ", ".join(raw.services)
                hint = did_you_mean(called, list(raw.services))
                why = f"{called!r} is not a service of this file; {hint}its services are: {known}"
                yield ("services", service, "calls", str(number)), why
    cycle = () if unknown else _cycle({service: entry.calls for service, entry in raw.services.items()})
    if cycle:
        place = ("services", cycle[-2], "calls", str(raw.services[cycle[-2]].calls.index(cycle[-1])))
        yield (
            place,
            (
                f"the calls form a cycle, {' -> '.join(cycle)}; `calls` names whom a service asks, never who asks it: "
                "leave the wrong one out"
            ),
        )


def _cycle(calls: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a cycle of calls as `(a, b, a)`, the first by the order of the file; () when there is none."""
    finished: set[str] = set()

    def follow(path: tuple[str, ...]) -> tuple[str, ...]:
        for called in calls[path[-1]]:
            if called in path:
                return (*path[path.index(called) :], called)
            if called not in finished and (found := follow((*path, called))):
                return found
        finished.add(path[-1])
        return ()

    return next((found for service in calls if service not in finished and (found := follow((service,)))), ())


def _shared(raw: SpaceFile) -> Iterator[tuple[Place, str]]:
    """Yield the units and addresses that two services have in common."""
    seen: dict[tuple[str, str], str] = {}
    for service, entry in raw.services.items():
        health = str(entry.health.check())
        for key, value in (("unit", entry.unit or service), ("health", health), ("address", entry.address)):
            other = seen.setdefault((key, value), service) if value else service
            if other != service:
                yield ("services", service, key), f"{value} is {other}'s already; each service has its own"


def _journeys(raw: SpaceFile) -> Iterator[tuple[Place, str]]:
    """Yield the journeys that have the name of a service: a symptom names its subject only."""
    for journey in raw.journeys:
        if journey in raw.services:
            yield ("journeys", journey), f"{journey} is a service's name already; give the journey another one"


def _maintenance(raw: SpaceFile) -> Iterator[tuple[Place, str]]:
    """Yield the services of planned maintenance that the file does not declare."""
    known = [*raw.services, ALL]
    for place, planned in enumerate(raw.maintenance):
        for number, service in enumerate(planned.services):
            if service not in known:
                hint = did_you_mean(service, known)
                why = f"{service!r} is not a service of this file; {hint}there are: {', '.join(raw.services)}, or {ALL}"
                yield ("maintenance", str(place), "services", str(number)), why


def _units(raw: SpaceFile, units: Collection[str] | None) -> Iterator[tuple[Place, str]]:
    """Yield the units that the runtime does not have."""
    for service, entry in raw.services.items() if units is not None else ():
        if entry.runtime != "none" and entry.unit not in (units or ()):
            hint = did_you_mean(entry.unit, list(units or ()))
            why = f"the runtime has no unit {entry.unit!r}; {hint}it has: {', '.join(units or ())}"
            yield ("services", service, "unit"), why
