"""The questions of the read API, as its routes parse them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MapQuery:
    """A map of [since, until) (Unix ms; None: the last five minutes); only errors, a search, one neighbourhood."""

    since: int | None = None
    until: int | None = None
    only_errors: bool = False
    search: str = ""
    around: str = ""


@dataclass(frozen=True)
class SeriesQuery:
    """The columns of a journey or service in [since, until) (Unix ms; None: the last hour), of at most `points`."""

    of: str
    since: int | None = None
    until: int | None = None
    points: int = 600


@dataclass(frozen=True)
class IncidentQuery:
    """Filters of the list; each is a set of values of which one must hold, empty for all."""

    state: frozenset[str] = field(default_factory=frozenset)
    service: frozenset[str] = field(default_factory=frozenset)
    kind: frozenset[str] = field(default_factory=frozenset)
    verdict: frozenset[str] = field(default_factory=frozenset)
    remedy: frozenset[str] = field(default_factory=frozenset)
    search: str = ""
    before: int | None = None
    limit: int = 50
