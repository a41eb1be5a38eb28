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


@pytest.mark.parametrize("inhibition", [WORK, UNCONFIRMED, INCIDENT], ids=lambda one: one.source.value)
def test_it_applies_to_what_depends_on_its_services(inhibition: Inhibition) -> None:
    assert applying([inhibition], POLICY | {"quote-service"}) == (inhibition,)
    assert applying([inhibition], EVERYTHING) == (inhibition,)
    assert applying([inhibition], frozenset({"user-service"})) == ()


def test_attempts_are_excused_in_all_of_them_and_alarms_in_all_but_unconfirmed_work() -> None:
    for inhibition in (WORK, UNCONFIRMED, INCIDENT):
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
