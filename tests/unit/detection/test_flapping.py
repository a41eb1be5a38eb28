"""Flap damping: what comes and goes is one symptom."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.flapping import HOLD_NS, MAX_HOLD_NS, Damped, Damping
from sre_space.analysis.statistics.sketch import Operation
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.domain.telemetry import SpanKind

SECOND = 10**9
NOW = 1_700_000_000 * SECOND
SICK = FiredAlarm(Symptom(SymptomKind.ERROR, "policy-service", "", 1.0, 0.1, NOW), "POST /policies", fired=NOW)


def onsets(looks: list[bool], every: int = SECOND) -> int:
    state, count = Damped(at=NOW), 0
    for number, there in enumerate(looks):
        state = state.after(there, NOW + number * every)
        count += state.onset
    return count


def test_a_symptom_that_stays_away_for_its_hold_is_over() -> None:
    state = Damped(at=NOW).after(True, NOW)
    assert state.onset
    assert state.after(False, NOW + 1).there
    gone = state.after(False, NOW + 1).after(False, NOW + 1 + HOLD_NS)

    assert not gone.there
    assert gone.after(True, NOW + 20 * SECOND).onset


def test_a_symptom_that_comes_and_goes_is_opened_once() -> None:
    flapping = [True, True, False, False, False, False] * 40

    assert onsets(flapping) == 1


def test_the_hold_grows_with_each_onset_and_fades_in_quiet_times() -> None:
    state, holds = Damped(at=NOW), []
    for number in range(12):
        state = state.after(number % 2 == 0, NOW + number * SECOND)
        holds.append(state.hold_ns)
    assert holds[-2] > 8 * HOLD_NS
    assert holds[-2] <= MAX_HOLD_NS

    assert state.after(False, NOW + 3600 * SECOND).hold_ns == HOLD_NS


@given(st.lists(st.booleans(), max_size=60))
def test_a_symptom_that_is_there_is_never_hidden(looks: list[bool]) -> None:
    state = Damped(at=NOW)
    for number, there in enumerate(looks):
        state = state.after(there, NOW + number * SECOND)
        assert state.there or not there
        assert state.hold_ns <= MAX_HOLD_NS


def test_findings_are_held_each_by_itself_and_forgotten_in_the_end() -> None:
    damping = Damping()
    assert damping.steady([SICK], NOW) == [SICK]
    assert damping.steady([], NOW + SECOND) == [SICK]
    assert damping.steady([], NOW + 2 * SECOND + HOLD_NS) == []
    assert damping.steady([], NOW + 3600 * SECOND) == []
    assert not damping.states
    assert not damping.newest


def test_an_accusation_that_moves_is_one_symptom_and_is_not_held_under_the_name_before() -> None:
    call = Operation("quote-service", SpanKind.CLIENT, "GET", "127.0.0.1:8001")
    there = FiredAlarm(Symptom(SymptomKind.ERROR, "user-service", "", 1.0, 0.1, NOW), "GET", fired=NOW, watched=call)
    here = replace(there, symptom=replace(there.symptom, service="quote-service"))
    damping = Damping()

    assert damping.steady([there], NOW) == [there]
    assert damping.steady([here], NOW + SECOND) == [here]
    assert damping.steady([], NOW + 2 * SECOND) == [here]
    assert damping.steady([], NOW + 2 * SECOND + HOLD_NS) == []
