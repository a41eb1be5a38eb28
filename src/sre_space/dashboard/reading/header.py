"""What every answer begins with: sources, the space, and what the agents may do now."""

from dataclasses import replace
from typing import TypedDict

from sre_space.dashboard.answers.base import HoldRow, Mode, Sentence, Sources, Space, State
from sre_space.dashboard.reading.known import FRESH_NS, RECORD_FRESH_NS, Known
from sre_space.dashboard.reading.words import MINUTE, minute_after, ms, name_of
from sre_space.domain.holds import ALL, Hold
from sre_space.domain.labels import needs_human
from sre_space.domain.space_config import Autonomy
from sre_space.text.holds import sentence
from sre_space.text.plain_text import plain

TRACES_FRESH_NS = 10 * MINUTE  # the trace store is asked when a page needs it


def sources(known: Known) -> Sources:
    """Return the state of every source."""
    return Sources(
        report=known.heard.source(known.now, FRESH_NS),
        record=known.record.source(known.now, RECORD_FRESH_NS),
        traces=known.traces.source(known.now, TRACES_FRESH_NS),
        runtime=known.runtime.source(known.now, RECORD_FRESH_NS),
        memory=known.memory.source(known.now, TRACES_FRESH_NS),
    )


def space(known: Known) -> Space:
    """Return which space this is."""
    return Space(
        name=known.config.space,
        repository=known.repository,
        issues_url=known.issues_url,
        jaeger_url=known.jaeger_url,
    )


def mode(known: Known) -> Mode:
    """Return what the agents may do now, the strongest restriction in the chip."""
    levels = [service.autonomy for service in known.config.services.values()]
    state, text = _chip(known, levels.count(Autonomy.AUTONOMOUS), len(levels))
    return Mode(
        state=state,
        text=text,
        halted=known.halted,
        dry_run=known.dry_run,
        holds=tuple(map(_hold, known.holds)),
        autonomous=levels.count(Autonomy.AUTONOMOUS),
        approve=levels.count(Autonomy.APPROVE),
        observe=levels.count(Autonomy.OBSERVE),
    )


def _chip(known: Known, autonomous: int, services: int) -> tuple[State, str]:
    if known.halted:
        return State.HALTED, "HALTED"
    everything = [hold for hold in known.holds if ALL in hold.services]
    longest = max(everything or known.holds, key=lambda hold: hold.until, default=None)
    if longest is not None:
        return State.HELD, f"HELD until {minute_after(longest.until)} by {name_of(longest.by)}"
    if known.halted is None:
        return State.UNKNOWN, "it is not known whether the agents are halted"
    if known.dry_run:
        return State.HELD, "dry run"
    waiting = sum(map(needs_human, known.open))
    if waiting:
        return State.HELD, "waits for a person" if waiting == 1 else f"{waiting} wait for a person"
    return State.WELL, f"autonomous on {autonomous} of {services}"


def _hold(hold: Hold) -> HoldRow:
    return HoldRow(
        services=tuple(sorted(hold.services - {ALL})),
        everything=ALL in hold.services,
        since=ms(hold.since),
        until=ms(hold.until),
        reason=plain(hold.reason),
        by=name_of(hold.by),
        source=hold.source,
        issue=hold.issue or None,
        order=hold.order or None,
        text=sentence(replace(hold, by=name_of(hold.by))),
    )


class Head(TypedDict):
    """The fields that every answer begins with, to be given by name."""

    at: int
    sentence: Sentence
    sources: Sources
    space: Space
    mode: Mode


def head(known: Known, said: Sentence) -> Head:
    """Return the beginning of an answer with its sentence."""
    return Head(at=ms(known.now), sentence=said, sources=sources(known), space=space(known), mode=mode(known))
