"""The events of the stream: `reset`, `delta` and `beat`, each with `id: <epoch>-<number>`."""

from typing import Any

from pydantic import Field

from sre_space.dashboard.answers.base import Model

PANELS = (
    "sentence", "sources", "mode", "journeys", "services", "sparks", "loops", "agents", "feed", "marks", "excused",
    "doubts", "detectors",
)  # fmt: skip


class Delta(Model):
    """What changed in one panel. Rows are by key; `order` is given when it changed, as the whole list of keys.

    A panel that is one value (`sentence`, `sources`, `mode`, `agents`, `detectors`) has the single key "".
    """

    set: dict[str, Any] = Field(default_factory=dict, description="rows that are new or changed, whole")
    remove: tuple[str, ...] = ()
    order: tuple[str, ...] | None = None


class Event(Model):
    """The data of `reset` (all panels, whole) and of `delta` (only the panels that changed)."""

    at: int
    panels: dict[str, Delta]
