"""Whether the customers of a window notice something, from what they got and not from telemetry."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean

from sre_evaluation.hostile.records import Observed, Served

MIN_REQUESTS = 4
MORE_FAILURES = 0.04  # of all requests, or of those of one kind
SLOWER, SLOWER_MS = 1.35, 12.0


def failing_share(served: Sequence[Served]) -> float:
    """Return the share of the requests that failed for a reason of the server."""
    return sum(one.code >= 500 for one in served) / len(served) if served else 0.0


def symptoms(incident: Observed, baselines: Iterable[Observed]) -> list[str]:
    """Return what customers notice: kinds of requests that fail more often, or take longer; empty when nothing."""
    usual = [one for baseline in baselines for one in baseline.served]
    found = []
    for operation, served in sorted(_by_operation(incident.served).items()):
        healthy = [one for one in usual if one.operation == operation]
        failed = sum(one.code >= 500 for one in served)
        if failed >= MIN_REQUESTS and failing_share(served) - failing_share(healthy) >= MORE_FAILURES:
            found.append(f"{operation} fails in {failed} of {len(served)} requests")
        if len(served) >= MIN_REQUESTS and len(healthy) >= MIN_REQUESTS and (slow := _slower(served, healthy)):
            found.append(f"{operation} {slow}")
    return found


def _by_operation(served: Iterable[Served]) -> dict[str, list[Served]]:
    found: dict[str, list[Served]] = defaultdict(list)
    for one in served:
        found[one.operation].append(one)
    return found


def _slower(served: Sequence[Served], healthy: Sequence[Served]) -> str:
    now, usual = ([one.ms for one in many if one.code == 200] for many in (served, healthy))
    if len(now) < MIN_REQUESTS or len(usual) < MIN_REQUESTS:
        return ""
    for name, measure in (("median", 0.5), ("90th percentile", 0.9)):
        after, before = _quantile(now, measure), _quantile(usual, measure)
        if after > SLOWER * before and after - before > SLOWER_MS and sum(ms > before for ms in now) >= MIN_REQUESTS:
            return f"takes {after:.0f} ms instead of {before:.0f} ms ({name}; mean {mean(now):.0f} ms)"
    return ""


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
