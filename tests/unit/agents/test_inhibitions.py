"""One store and one predicate for what is excused, whatever the excuse comes from."""

from dataclasses import replace

import pytest

from sre_space.agents.scout.inhibitions import BEFORE_NS, MAX_AGE_NS, Inhibitions
from sre_space.analysis.detection.inhibition import EVERYTHING, STILL_OPEN, Inhibition, Source, applying
from sre_space.domain.pauses import Pause

SECOND = 10**9
NOW = 1_700_000_000 * SECOND
POLICY = frozenset({"policy-service"})
WORK = Inhibition(NOW, NOW + 30 * SECOND, POLICY)
UNCONFIRMED = replace(WORK, confirmed=False)
INCIDENT = Inhibition(NOW, STILL_OPEN, POLICY, Source.INCIDENT, "error/policy-service", BEFORE_NS)
HOLD = Inhibition(NOW, NOW + 3600 * SECOND, POLICY, Source.PERSON, hold="issue 7")


@pytest.mark.parametrize("inhibition", [WORK, UNCONFIRMED, INCIDENT, HOLD], ids=lambda one: one.source.value)
def test_it_applies_to_what_depends_on_its_services(inhibition: Inhibition) -> None:
    assert applying([inhibition], POLICY | {"quote-service"}) == (inhibition,)
    assert applying([inhibition], EVERYTHING) == (inhibition,)
    assert applying([inhibition], frozenset({"user-service"})) == ()


def test_attempts_are_excused_in_all_of_them_and_alarms_in_all_but_unconfirmed_work() -> None:
    for inhibition in (WORK, UNCONFIRMED, INCIDENT, HOLD):
        store = Inhibitions([inhibition])
        assert store.excuse(NOW)
        assert list(store.confirmed()) == ([inhibition] if inhibition.confirmed else [])
        assert list(store.current(NOW)) == [inhibition]


def test_an_incident_excuses_attempts_from_before_its_first_symptom_and_keeps_doing_so_when_it_is_over() -> None:
    store = Inhibitions([INCIDENT])
    assert (store.excuse(NOW - BEFORE_NS), store.excuse(NOW - BEFORE_NS - 1)) == (True, False)
    assert not store.current(NOW - 1)

    store.put(INCIDENT.ended(NOW + 60 * SECOND), store.incident("error/policy-service"))

    assert store.incident("error/policy-service") is None
    assert (store.excuse(NOW - BEFORE_NS), store.excuse(NOW + 60 * SECOND)) == (True, False)


def test_what_is_known_now_takes_the_place_of_what_was_known_and_nothing_is_excused_without_a_service() -> None:
    store = Inhibitions([WORK, INCIDENT])

    store.put(replace(WORK, done=True), WORK)
    assert store.known == [replace(WORK, done=True), INCIDENT]
    store.put(replace(WORK, services=frozenset()), replace(WORK, done=True))
    assert store.known == [INCIDENT]


def test_a_pause_of_scout_lengthens_a_deadline_and_no_known_end() -> None:
    store = Inhibitions(pauses=(Pause(NOW + 10 * SECOND, NOW + 20 * SECOND),))

    assert store.extended(WORK).until == WORK.until + 10 * SECOND
    assert store.extended(replace(WORK, done=True)).until == WORK.until
    assert store.extended(INCIDENT.ended(WORK.until)).until == WORK.until
    assert store.excuse(NOW + 19 * SECOND)


def test_what_ended_long_ago_is_forgotten_and_what_git_has_not_answered_about_is_not() -> None:
    store = Inhibitions([WORK, UNCONFIRMED, INCIDENT])

    store.forget(WORK.until + MAX_AGE_NS - 1)
    assert store.known == [WORK, UNCONFIRMED, INCIDENT]
    store.forget(WORK.until + MAX_AGE_NS)
    assert store.known == [UNCONFIRMED, INCIDENT]


def test_what_begins_in_a_hold_outlives_it_and_what_begins_in_work_or_an_incident_belongs_to_that() -> None:
    assert [one.explains(NOW + SECOND) for one in (WORK, INCIDENT, HOLD)] == [True, True, False]
    ended = [one.ended(NOW + 2 * SECOND) for one in (WORK, INCIDENT, HOLD)]
    assert [one.is_over(NOW + 2 * SECOND) for one in ended] == [True, True, False]


def test_a_hold_that_is_listed_no_more_has_ended_and_the_others_stay_as_they_are() -> None:
    store, longer = Inhibitions([WORK, INCIDENT]), replace(HOLD, until=HOLD.until + SECOND, hold="issue 8")
    store.hold([HOLD, longer], NOW)
    assert store.held(POLICY, NOW) == store.held(EVERYTHING, NOW) == longer
    assert store.held(frozenset({"user-service"}), NOW) is None

    store.hold([HOLD], NOW + 9 * SECOND)
    assert store.held(POLICY, NOW + 9 * SECOND) == HOLD
    assert store.released(POLICY, NOW + 10 * SECOND) == NOW + 9 * SECOND
    assert store.known[:2] == [WORK, INCIDENT]

    store.hold([], HOLD.until + SECOND)
    assert (store.held(POLICY, HOLD.until), store.released(EVERYTHING, HOLD.until)) == (None, HOLD.until)
    store.forget(HOLD.until + MAX_AGE_NS)
    assert store.known == [INCIDENT]
