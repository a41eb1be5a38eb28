"""Panels as rows by key, and the deltas between two states. Pure: `apply(old, delta(old, new))` is `new`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sre_space.dashboard.answers.stream import Delta

Json = Any  # a JSON value, as pydantic dumps it


@dataclass(frozen=True)
class Panel:
    """The rows of one panel by key, and the keys in the order in which they are shown."""

    rows: Mapping[str, Json] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @classmethod
    def of(cls, rows: Sequence[tuple[str, Json]]) -> "Panel":
        """Return a panel of these keys and rows; of two rows with one key the first counts."""
        by_key: dict[str, Json] = {}
        for key, row in rows:
            by_key.setdefault(key, row)
        return cls(by_key, tuple(by_key))

    @classmethod
    def single(cls, value: Json) -> "Panel":
        """Return a panel that is one value."""
        return cls({"": value}, ("",))


Panels = Mapping[str, Panel]
EMPTY = Panel()


def delta(old: Panel, new: Panel) -> Delta | None:
    """Return what makes `new` of `old`; None when nothing changed."""
    changed = {key: row for key, row in new.rows.items() if key not in old.rows or old.rows[key] != row}
    removed = tuple(key for key in old.order if key not in new.rows)
    kept = tuple(key for key in old.order if key in new.rows)
    appended = kept + tuple(key for key in new.order if key not in old.rows)
    order = new.order if new.order != appended else None
    return Delta(set=changed, remove=removed, order=order) if changed or removed or order is not None else None


def applied(old: Panel, change: Delta) -> Panel:
    """Return the panel after a delta, as the page applies it: new rows go to the end unless `order` is given."""
    rows = {key: row for key, row in old.rows.items() if key not in change.remove} | change.set
    order = change.order if change.order is not None else tuple(rows)
    return Panel({key: rows[key] for key in order}, order)


def deltas(old: Panels, new: Panels) -> dict[str, Delta]:
    """Return the changed panels; a panel that `new` does not name stays as it is."""
    found = {name: delta(old.get(name, EMPTY), panel) for name, panel in new.items()}
    return {name: change for name, change in found.items() if change is not None}


def whole(panels: Panels) -> dict[str, Delta]:
    """Return all panels as deltas from nothing."""
    return {name: Delta(set=dict(panel.rows), order=panel.order) for name, panel in panels.items()}
