"""The map from traces: services as nodes, calls as edges."""

from pydantic import Field

from sre_space.dashboard.answers.base import Answer, Model, State


class Node(Model):
    """One service on the map; `configured` is false for one that only traces name: it is never judged."""

    name: str
    state: State
    configured: bool
    calls: int = Field(description="requests that it served in the sample")
    errors: int
    incident: int | None = None


class Edge(Model):
    """The calls of one service to another. `seen` false: declared in the configuration, not seen in the sample."""

    caller: str
    callee: str
    calls: int
    errors: int
    p95_s: float | None
    seen: bool = True


class ServiceMap(Answer):
    """The map of [since, until), from `traces` sampled traces; filtered by the query, `hidden` counts the rest."""

    since: int
    until: int
    traces: int
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    hidden: int = 0
    why: str = Field("", description="why the map has no calls, where it has none")
