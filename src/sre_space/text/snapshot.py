"""An incident's snapshot as a table for people; what is not known is said to be unknown."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sre_space.domain.snapshot import ServiceSnapshot, Snapshot

UNKNOWN = "unknown"
HEAD = ("service", "state", "since (UTC)", "restarts", "memory", "CPU", "requests/s", "errors", "p95", "deployed")


def snapshot_lines(snapshot: Snapshot) -> list[str]:
    """Return lines of Markdown; not scrubbed yet."""
    rows = [_row(_cells(one, snapshot.until)) for one in snapshot.services]
    told = f"The services at {_time(snapshot.until)} UTC; requests, errors and p95 are of the last"
    seconds = max((one.seconds for one in snapshot.services), default=0.0)
    more = [f"{snapshot.left_out} more services had no room here."] if snapshot.left_out else []
    lines = [f"{told} {seconds:g} s.", "", _row(HEAD), _row(["---"] * len(HEAD)), *rows, "", *more]
    return [*lines, *_errors(snapshot.services), *_links(snapshot)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', '/') for cell in cells)} |"


def _cells(one: ServiceSnapshot, now: int) -> list[str]:
    since = f"{_time(one.since)} ({(now - one.since) / 1e9:.0f} s)" if one.since else UNKNOWN
    deployed = f" at {_time(one.deployed)}" if one.deployed else ""
    return [
        one.service,
        f"**{one.state}**" if one.state != "healthy" else one.state,
        since,
        _restarts(one),
        _memory(one),
        UNKNOWN if one.cpu is None else f"{one.cpu:.0%} of a core",
        UNKNOWN if one.rate is None else f"{one.rate:.1f}",
        UNKNOWN if one.errors is None else f"{one.errors:.1%}",
        UNKNOWN if one.p95 is None else f"{one.p95 * 1000:.0f} ms",
        f"`{one.commit[:12]}`{deployed}" if one.commit else UNKNOWN,
    ]


def _restarts(one: ServiceSnapshot) -> str:
    if one.restarts is None:
        return UNKNOWN
    since = f" since {_time(one.watched)}" if one.watched else ""
    return f"{one.restarts}{since}" + (f", newest at {_time(one.restarted)}" if one.restarted else "")


def _memory(one: ServiceSnapshot) -> str:
    limit = f"{one.memory_limit / 1e6:.0f} MB" if one.memory_limit else UNKNOWN
    if one.memory is None:
        return UNKNOWN if limit == UNKNOWN else f"{UNKNOWN} of {limit}"
    share = f" ({one.memory / one.memory_limit:.0%})" if one.memory_limit else ""
    return f"{one.memory / 1e6:.0f} of {limit}{share}"


def _errors(services: Sequence[ServiceSnapshot]) -> list[str]:
    """Quoted as data: each line was cut and made harmless when it was heard."""
    said = [f"{one.service}: {line.replace('`', chr(39))}" for one in services for line in one.lines]
    return ["Newest error lines:", "", "```text", *said, "```", ""] if said else ["No error line was heard of.", ""]


def _links(snapshot: Snapshot) -> list[str]:
    links = ", ".join(f"[{one.service}]({one.traces})" for one in snapshot.services if one.traces)
    return [f"Traces from {_time(snapshot.since)} to {_time(snapshot.until)} UTC: {links}", ""] if links else []


def _time(at: int) -> str:
    return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
