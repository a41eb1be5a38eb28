"""What was not read, or was not there to be read: without it nothing can be called healthy."""

from collections.abc import Iterator, Sequence

from sre_space.analysis.diagnosis.tables import SkippedInput, Telemetry

SHOWN = 5  # unreadable inputs that are named
MAX_REASON = 100  # characters


def why_unread(incident: Telemetry, baselines: Sequence[Telemetry]) -> str:
    """Return why finding nothing does not mean health, "" when everything was there and was read."""
    skipped = number_of([*incident.unreadable, *(item for baseline in baselines for item in baseline.unreadable)])
    if not _signals(incident):
        return "the incident holds no telemetry that could be read"
    if baselines and not any(_signals(baseline) for baseline in baselines):
        return "no baseline holds telemetry that could be read"
    if skipped:
        return f"what could be read does not differ from health, but {skipped} inputs could not be read"
    lacking = lacking_signals(incident, baselines)
    if lacking and len(lacking) == len(_signals(incident)):
        return f"no baseline holds the {' and '.join(lacking)} that the incident has"
    return ""


def unread_notes(incident: Telemetry, baselines: Sequence[Telemetry]) -> Iterator[str]:
    """Yield what was not read, with its reason and count, and what no baseline has to compare with."""
    lacking = lacking_signals(incident, baselines)
    if lacking:
        yield f"no baseline holds {' and '.join(lacking)}: those of the incident are compared with none"
    skipped = [item for telemetry in (incident, *baselines) for item in telemetry.unreadable]
    if skipped:
        places = "; ".join(f"{item.place}{_times(item)}: {item.reason[:MAX_REASON]}" for item in skipped[:SHOWN])
        more = " ..." if len(skipped) > SHOWN else ""
        yield f"{number_of(skipped)} unreadable inputs were skipped: {places}{more}"


def number_of(skipped: Sequence[SkippedInput]) -> int:
    """Return how many inputs were skipped in all."""
    return sum(item.count for item in skipped)


def lacking_signals(incident: Telemetry, baselines: Sequence[Telemetry]) -> list[str]:
    """Return the signals (spans, metrics, logs) that the incident has, and no baseline of those given."""
    usual = {signal for baseline in baselines for signal in _signals(baseline)}
    return [signal for signal in _signals(incident) if baselines and signal not in usual]


def _signals(telemetry: Telemetry) -> list[str]:
    sizes = {"spans": len(telemetry.spans), "metrics": len(telemetry.metrics), "logs": len(telemetry.logs)}
    return [name for name, size in sizes.items() if size]


def _times(item: SkippedInput) -> str:
    return f" ({item.count} times)" if item.count > 1 else ""
