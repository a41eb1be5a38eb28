"""What the entries of `processes.yaml` must agree on: names and ports of their own, an order without a cycle.

Used by `process_file`, after each entry by itself was found valid.
"""

from collections.abc import Collection, Iterator, Mapping

from sre_embedded.space.process_schema import LINK, ProcessEntry, ProcessesFile
from sre_space.adapters.config_mistakes import mistake
from sre_space.adapters.config_words import did_you_mean
from sre_space.adapters.config_yaml import Document, Place
from sre_space.domain.errors import Malformed

Entries = Mapping[str, ProcessEntry]


def must_agree(raw: ProcessesFile, source: Document, name: str, taken: Collection[str]) -> None:
    """Raise `Malformed` with the first disagreement by line; `taken` are the space's own processes and ports."""
    entries = raw.processes
    found = [*_names(entries, taken), *_ports(entries, taken), *_links(entries), *_unknown(entries)]
    found = found or list(_cycle(entries))
    if found:
        place, why = min(found, key=lambda one: source.line(one[0]))
        raise Malformed(f"{name}:{mistake(source, place, why)}")


def stages(entries: Entries) -> Mapping[str, int]:
    """Return the stage of each process: 1, or one more than the latest of those that it starts after."""
    found: dict[str, int] = {}

    def stage(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((stage(other) for other in entries[name].after), default=0)
        return found[name]

    return {name: stage(name) for name in entries}


def _names(entries: Entries, taken: Collection[str]) -> Iterator[tuple[Place, str]]:
    for name in entries:
        if name in taken:
            yield ("processes", name), f"the space has a process {name} of its own; give this one another name"


def _ports(entries: Entries, taken: Collection[str]) -> Iterator[tuple[Place, str]]:
    """Yield the names and numbers of ports that stand twice, or that the space has itself."""
    owner: dict[str | int, str] = {}
    for process, entry in entries.items():
        for key, ports in (("ports", entry.ports), ("link", entry.link)):
            for port, number in ports.items():
                place = ("processes", process, key, port)
                if port in taken:
                    yield place, f"{port} is the name of a port of the space's own; choose another one"
                for one in (port, number):
                    if one in owner:
                        yield place, f"{one} is {owner[one]}'s already; each port has its own name and number"
                    owner.setdefault(one, process)


def _links(entries: Entries) -> Iterator[tuple[Place, str]]:
    """Yield the links that lead to no port of their process."""
    for process, entry in entries.items():
        for link in entry.link:
            port = linked(link)
            if port not in entry.ports:
                why = f"this leads to {port}, which is none of its ports; add it to `ports`, or rename the link"
                yield ("processes", process, "link", link), why


def linked(link: str) -> str:
    """Return the port to which a link leads.

    >>> linked("SHOP_LINK_PORT")
    'SHOP_PORT'
    """
    return f"{link.removesuffix(LINK)}_PORT"


def _unknown(entries: Entries) -> Iterator[tuple[Place, str]]:
    for process, entry in entries.items():
        for number, other in enumerate(entry.after):
            if other not in entries:
                hint = did_you_mean(other, list(entries))
                why = f"{other!r} is not a process of this file; {hint}its processes are: {', '.join(entries)}"
                yield ("processes", process, "after", str(number)), why


def _cycle(entries: Entries) -> Iterator[tuple[Place, str]]:
    """Yield one process of a cycle, with the whole cycle; nothing when there is none."""
    waiting = dict.fromkeys(entries)
    while ready := [name for name in waiting if not any(other in waiting for other in entries[name].after)]:
        for name in ready:
            del waiting[name]
    if waiting:
        path = [next(iter(waiting))]
        while path[-1] not in path[:-1]:
            path.append(next(other for other in entries[path[-1]].after if other in waiting))
        cycle = path[path.index(path[-1]) :]
        why = f"`after` forms a cycle, {' -> '.join(cycle)}: none of them can start first; leave the wrong one out"
        yield ("processes", cycle[0], "after"), why
