"""The state of the application when an incident was opened: one row per service. Unknown values are None or empty."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceSnapshot:
    """The state of one service; times in Unix ns.

    `state` is the result of the probes and which other detectors fire; `since` is when the probes' state began.
    `restarts` counts the new processes since `watched`, the newest of them at `restarted`. Memory is in bytes, `cpu` in
    cores; over the last `seconds`, `rate` is in requests per second, `errors` a share (0 to 1), `p95` in seconds.
    `commit` is the commit that the service runs with, deployed at `deployed`. `lines` are the newest error lines of its
    log, oldest first, and `traces` is a link to its traces of the incident.
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
    """The services' states, the one of the first symptom first; links to traces cover [since, until) Unix ns.

    `left_out` is the number of services that the record had no space for.
    """

    services: tuple[ServiceSnapshot, ...]
    since: int
    until: int
    left_out: int = 0
