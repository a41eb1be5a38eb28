"""How the application was when an incident was opened: one row a service. What is not known is None or empty."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceSnapshot:
    """One service; times in Unix ns.

    `state` is the word of the probes, and which other detectors fire; `since` is when the probes' state began.
    `restarts` counts the new processes since `watched`, the newest of them at `restarted`. Memory is in bytes, `cpu` in
    cores, `rate` in requests a second, `errors` a share, `p95` in seconds, over the last `seconds`. `commit` is the
    deployment that the service runs with, of `deployed`. `lines` are the newest error lines of its log, oldest first,
    and `traces` is a link to its traces of the incident.
    """

    service: str
    state: str
    since: int = 0
    restarts: int | None = None
    restarted: int = 0
    watched: int = 0
    memory: float | None = None
    memory_limit: float | None = None
    cpu: float | None = None
    rate: float | None = None
    errors: float | None = None
    p95: float | None = None
    seconds: float = 0.0
    commit: str = ""
    deployed: int = 0
    lines: tuple[str, ...] = ()
    traces: str = ""


@dataclass(frozen=True)
class Snapshot:
    """The accused service first; the links to traces are of [since, until) Unix ns.

    `left_out` services had no room in the record.
    """

    services: tuple[ServiceSnapshot, ...]
    since: int
    until: int
    left_out: int = 0
