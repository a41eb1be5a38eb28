"""Work whose log tells of a fault, or ends where it used to go on, more often than in health: failures by log lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sre_space.analysis.diagnosis.failures import Failing, Sign, Usual, rated
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.log_events import (
    BEGIN,
    Key,
    LogEvents,
    counts,
    ended_spans,
    faulty_spans,
    log_events,
    reached_spans,
    talking,
)
from sre_space.analysis.diagnosis.templates import Templates
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import failure_rate, smoothed_rate

NOTHING = "anything"


def failing_by_log(incident: Window, baselines: Sequence[Window]) -> list[Failing]:
    """Return the work whose log tells of a fault, or breaks off, more often than in health."""
    templates = Templates()
    usual = [(log_events(window, templates), window) for window in baselines if len(window.telemetry.logs.trace)]
    now = log_events(incident, templates)
    found = [*_faulty(now, incident, usual), *_broken_off(now, incident, usual)]
    return [
        replace(failing, logged=NOTHING if template == BEGIN else templates.text(template))
        for failing, template in found
        if failing is not None
    ]


def _faulty(
    now: LogEvents, incident: Window, usual: Sequence[tuple[LogEvents, Window]]
) -> Iterator[tuple[Failing | None, int]]:
    told, tried = Counter[Key](), Counter[CallGroup]()
    for events, window in usual:
        told.update(counts(faulty_spans(events, window)))
        tried.update({group: window.groups.size(number) for number, group in enumerate(window.groups.keys)})
    for (group, template), rows in faulty_spans(now, incident).items():
        if not tried[group]:
            continue  # of work that health did not have, or without its log: it may be its everyday
        every = incident.groups.rows(incident.groups.number[group])
        hits, tries = told[group, template], tried[group]
        yield rated(Sign.LOGGED, (group, None), rows, every, Usual(hits, tries, failure_rate(hits, tries))), template


def _broken_off(
    now: LogEvents, incident: Window, usual: Sequence[tuple[LogEvents, Window]]
) -> Iterator[tuple[Failing | None, int]]:
    groups = {group for events, window in usual for group in talking(events, window)}
    reached, ended = Counter[Key](), Counter[Key]()
    for events, window in usual:
        reached.update(counts(reached_spans(events, window, groups)))
        ended.update(counts(ended_spans(events, window, groups)))
    attempts = reached_spans(now, incident, groups) if len(now.row) else {}
    for (group, template), rows in ended_spans(now, incident, groups if len(now.row) else ()).items():
        if before := reached[group, template]:
            hits = ended[group, template]
            usually = Usual(hits, before, smoothed_rate(hits, before))
            yield rated(Sign.BROKEN_OFF, (group, None), rows, attempts[group, template], usually), template
