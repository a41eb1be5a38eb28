"""The snapshot of an incident as a table for people; unknown values are shown as "unknown"."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sre_space.domain.snapshot import ServiceSnapshot, Snapshot

UNKNOWN = "unknown"
HEAD = ("service", "state", "since (UTC)", "restarts", "memory", "CPU", "requests/s", "errors", "p95", "deployed")


def snapshot_lines(snapshot: Snapshot) -> list[str]:
    """Return the table, the newest error lines and links to traces as lines of Markdown; not scrubbed yet."""
    rows = [_row(_cells(service, snapshot.until)) for service in snapshot.services]
    heading = f"The services at {_time(snapshot.until)} UTC; requests, errors and p95 are of the last"
    seconds = max((service.seconds for service in snapshot.services), default=0.0)
    more = [f"{snapshot.left_out} more services are not listed here."] if snapshot.left_out else []
    lines = [f"{heading} {seconds:g} s.", "", _row(HEAD), _row(["---"] * len(HEAD)), *rows, "", *more]
    return [*lines, *_errors(snapshot.services), *_links(snapshot)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in cells)} |"


def _cells(service: ServiceSnapshot, now: int) -> list[str]:
    since = f"{_time(service.since)} ({(now - service.since) / 1e9:.0f} s)" if service.since else UNKNOWN
    deployed = f" at {_time(service.deployed)}" if service.deployed else ""
    return [
        service.service,
        f"**{service.state}**" if service.state != "healthy" else service.state,
        since,
        _restarts(service),
        _memory(service),
        UNKNOWN if service.cpu is None else f"{service.cpu:.0%} of a core",
        UNKNOWN if service.rate is None else f"{service.rate:.1f}",
        UNKNOWN if service.errors is None else f"{service.errors:.1%}",
        UNKNOWN if service.p95 is None else f"{service.p95 * 1000:.0f} ms",
        f"`{service.commit[:12]}`{deployed}" if service.commit else UNKNOWN,
    ]


def _restarts(service: ServiceSnapshot) -> str:
    if service.restarts is None:
        return UNKNOWN
    since = f" since {_time(service.watched)}" if service.watched else ""
    return f"{service.restarts}{since}" + (f", newest at {_time(service.restarted)}" if service.restarted else "")


def _memory(service: ServiceSnapshot) -> str:
    limit = f"{service.memory_limit / 1e6:.0f} MB" if service.memory_limit else UNKNOWN
    if service.memory is None:
        return UNKNOWN if limit == UNKNOWN else f"{UNKNOWN} of {limit}"
    share = f" ({service.memory / service.memory_limit:.0%})" if service.memory_limit else ""
    return f"{service.memory / 1e6:.0f} of {limit}{share}"


def _errors(services: Sequence[ServiceSnapshot]) -> list[str]:
    """Return the services' newest error lines as a quotation; each line was cut and scrubbed on reception."""
    quoted = [f"{service.service}: {line.replace('`', chr(39))}" for service in services for line in service.lines]
    return ["Newest error lines:", "", "```text", *quoted, "```", ""] if quoted else ["No error line was received.", ""]


def _links(snapshot: Snapshot) -> list[str]:
    links = ", ".join(f"[{service.service}]({service.traces})" for service in snapshot.services if service.traces)
    return [f"Traces from {_time(snapshot.since)} to {_time(snapshot.until)} UTC: {links}", ""] if links else []


def _time(at: int) -> str:
    return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
