"""Six healthy hours before the measurement, for the peers' long windows, as text that `promtool` makes blocks of.

Without them an hour's window would hold the minutes since the start alone, and two seconds of errors would page.
"""

from collections.abc import Iterable, Iterator, Sequence

from peers.rules import CALLS, DURATION, FAST_MS

HOURS, STEP_S = 6, 15
NAMES = ("journey quote", "journey purchase")
USUAL_MS = 60


def history(jobs: Sequence[str], attempts_per_second: float, now: float) -> Iterator[str]:
    """Yield the lines of OpenMetrics: each job has seen so many attempts a second, all good and fast, until `now`."""
    times = [now - HOURS * 3600 + STEP_S * step for step in range(HOURS * 3600 // STEP_S)]
    each = attempts_per_second / len(NAMES)
    for family, suffixes, of in (
        (CALLS.removesuffix("_total"), ("_total",), "counter"),
        (DURATION, ("_bucket", "_count", "_sum"), "histogram"),
    ):
        yield f"# TYPE {family} {of}\n"
        for job in jobs:
            for name in NAMES:
                yield from _series(
                    family, suffixes, f'job="{job}",service_name="traffic",span_name="{name}"', times, each
                )
    yield "# EOF\n"


def _series(family: str, suffixes: Sequence[str], labels: str, times: Sequence[float], each: float) -> Iterable[str]:
    for suffix in suffixes:
        bounds = (f',le="{FAST_MS:.1f}"', ',le="+Inf"') if suffix == "_bucket" else ("",)
        status = ',status_code="STATUS_CODE_UNSET"' if suffix == "_total" else ""
        factor = USUAL_MS if suffix == "_sum" else 1
        for bound in bounds:
            for number, at in enumerate(times):
                value = each * STEP_S * number * factor
                yield f'{family}{suffix}{{{labels},instance="history"{status}{bound}}} {value:g} {at:.3f}\n'
