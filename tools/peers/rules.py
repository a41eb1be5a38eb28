"""The peers' alerting rules: as the SRE Workbook and Prometheus' documentation give them, and tuned by hand to be fast.

Both look at the journey that Scout looks at, with its objective, in metrics that the Collector makes of its spans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

OBJECTIVE = 0.999  # of the journey's attempts go well: `slo` in sre-space.yaml
FAST_MS, FAST_ENOUGH = 500, 0.99  # of them take less: ten times what is usual
# The SRE Workbook, chapter 5, table 5-8: what pages. Its third row makes a ticket.
BURNS = ((14.4, "1h", "5m"), (6.0, "6h", "30m"))
# An hour is a minute, as the embedded space has it for Scout (SLO_WINDOW_SCALE).
SHORT_BURNS = ((14.4, "1m", "5s"), (6.0, "6m", "30s"))
LE = f"{FAST_MS}|{FAST_MS}.0"  # as OTLP and as a scrape tell it
CALLS, DURATION = "traces_span_metrics_calls_total", "traces_span_metrics_duration_milliseconds"
JOURNEY = 'service_name="traffic",span_name=~"journey .*"'

Rule = Mapping[str, object]


@dataclass(frozen=True)
class Variant:
    """One way to run the peers: how often metrics are read and rules evaluated, how long pages are gathered."""

    name: str
    what: str
    interval: str
    group_wait: str
    tuned: bool = False


VARIANTS = (
    Variant("handbook", "rules of the handbooks, every 15 s, pages gathered for 30 s", "15s", "30s"),
    Variant("handbook-1s", "the same rules, every second, pages gathered for 30 s", "1s", "30s"),
    Variant("tuned", "tuned by hand to this application, every second, nothing gathered", "1s", "0s", tuned=True),
)


def rules_of(variant: Variant) -> Sequence[Rule]:
    """Return the alerting rules of a variant, as Prometheus takes them."""
    own = _tuned if variant.tuned else _handbook
    return [_labelled(rule, variant) for rule in own(variant.name)]


def _labelled(rule: Rule, variant: Variant) -> Rule:
    return {**rule, "labels": {"severity": "page", "variant": variant.name}}


def _handbook(job: str) -> Sequence[Rule]:
    """Return the page-level burn rates, and `for:` as Prometheus' documentation has it for instances and latency."""
    mean = f"sum by (service_name) (rate({DURATION}_sum{{{_job(job)},span_kind='SPAN_KIND_SERVER'}}[5m]))"
    count = f"sum by (service_name) (rate({DURATION}_count{{{_job(job)},span_kind='SPAN_KIND_SERVER'}}[5m]))"
    return [
        *_burns(job, BURNS),
        {"alert": "InstanceDown", "expr": f"probe_success{{{_job(job)}}} == 0", "for": "5m"},
        {"alert": "HighRequestLatency", "expr": f"{mean} / {count} > {FAST_MS}", "for": "10m"},
    ]


def _tuned(job: str) -> Sequence[Rule]:
    """Return rules with thresholds that only who knows this application's usual values and demand can choose."""
    quantile = f"histogram_quantile(0.95, sum by (le) (rate({DURATION}_bucket{{{_journey(job)}}}[10s])))"
    return [
        *_burns(job, SHORT_BURNS),
        {"alert": "ServiceDown", "expr": f"probe_success{{{_job(job)}}} == 0", "for": "2s"},
        {"alert": "JourneysFail", "expr": f"{_failed(job, '10s')} > 0.05", "for": "2s"},
        {"alert": "JourneysSlow", "expr": f"{quantile} > {FAST_MS}", "for": "2s"},
    ]


def _burns(job: str, burns: Sequence[tuple[float, str, str]]) -> Sequence[Rule]:
    """Return an alert for each burn rate and each of the two objectives: attempts that fail, attempts that are slow."""
    budgets = (("JourneyErrors", _failed, 1 - OBJECTIVE), ("JourneySlow", _slow, 1 - FAST_ENOUGH))
    return [
        {
            "alert": f"{name}Burn{long}",
            "expr": f"{ratio(job, long)} > {rate * budget:.6g} and {ratio(job, short)} > {rate * budget:.6g}",
        }
        for name, ratio, budget in budgets
        for rate, long, short in burns
    ]


def _failed(job: str, window: str) -> str:
    bad = f"sum(rate({CALLS}{{{_journey(job)},status_code='STATUS_CODE_ERROR'}}[{window}]))"
    return f"({bad} / sum(rate({CALLS}{{{_journey(job)}}}[{window}])))"


def _slow(job: str, window: str) -> str:
    fast = f"sum(rate({DURATION}_bucket{{{_journey(job)},le=~'{LE}'}}[{window}]))"
    return f"(1 - {fast} / sum(rate({DURATION}_count{{{_journey(job)}}}[{window}])))"


def _journey(job: str) -> str:
    return f"{_job(job)},{JOURNEY}"


def _job(job: str) -> str:
    return f'job="{job}"'
