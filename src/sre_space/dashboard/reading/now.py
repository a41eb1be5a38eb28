"""The view *Now*, and its panels for the stream."""

from collections.abc import Mapping, Sequence
from typing import Any

from sre_space.dashboard.answers.base import Model
from sre_space.dashboard.answers.now import Excuse, Now, Spark
from sre_space.dashboard.reading.agents_line import agents_line
from sre_space.dashboard.reading.detector_words import doubts
from sre_space.dashboard.reading.feed import feed, marks
from sre_space.dashboard.reading.header import mode, sources, space
from sre_space.dashboard.reading.journeys import journeys
from sre_space.dashboard.reading.known import Counted, Known
from sre_space.dashboard.reading.loops import loops
from sre_space.dashboard.reading.sentences import of_now
from sre_space.dashboard.reading.services import left_out, services
from sre_space.dashboard.reading.words import ms, ms_or_none
from sre_space.dashboard.stream.panels import Panel, Panels
from sre_space.text.plain_text import plain


def now(known: Known, sparks: Mapping[str, Spark], counted: dict[int, Counted]) -> Now:
    """Return the view; `counted` are the attempts since the newest action of open incidents."""
    of_journeys, of_services = journeys(known), services(known)
    reports = known.detectors.detectors if known.detectors else ()
    counts = known.detectors.counts if known.detectors else {}
    return Now(
        at=ms(known.now),
        sentence=of_now(known, of_journeys, of_services, counted),
        sources=sources(known),
        space=space(known),
        mode=mode(known),
        journeys=tuple(of_journeys),
        services=tuple(of_services),
        services_left_out=left_out(known),
        sparks=dict(sparks),
        loops=tuple(loops(known, counted)),
        agents=agents_line(known),
        feed=tuple(feed(known)),
        marks=tuple(marks(known)),
        excused=tuple(_excuses(known)),
        doubts=tuple(doubts(reports)),
        detectors={state.value: count for state, count in counts.items()},
    )


def _excuses(known: Known) -> Sequence[Excuse]:
    found = known.detectors.inhibitions if known.detectors else ()
    return [
        Excuse(
            id=f"{one.since}/{plain(one.source)}",
            since=ms(one.since),
            until=ms_or_none(one.until),
            services=tuple(map(plain, one.services)),
            because=plain(one.source),
        )
        for one in found
    ]


def panels(view: Now) -> Panels:
    """Return the view as the panels of the stream."""
    rows: Mapping[str, Sequence[tuple[str, Model]]] = {
        "journeys": [(row.name, row) for row in view.journeys],
        "services": [(row.name, row) for row in view.services],
        "sparks": list(view.sparks.items()),
        "loops": [(str(row.incident), row) for row in view.loops],
        "feed": [(row.id, row) for row in view.feed],
        "marks": [(row.id, row) for row in view.marks],
        "excused": [(row.id, row) for row in view.excused],
        "doubts": [(row.id, row) for row in view.doubts],
    }
    single: Mapping[str, Any] = {
        "sentence": view.sentence.model_dump(mode="json"),
        "sources": view.sources.model_dump(mode="json"),
        "mode": view.mode.model_dump(mode="json"),
        "agents": view.agents.model_dump(mode="json"),
        "detectors": view.detectors,
    }
    many = {name: Panel.of([(key, row.model_dump(mode="json")) for key, row in found]) for name, found in rows.items()}
    return {name: Panel.single(value) for name, value in single.items()} | many
