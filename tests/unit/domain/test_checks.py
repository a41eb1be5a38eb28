"""What the checks together mean: whether an incident could be handled, and if not, which check says so first."""

import itertools

from sre_space.domain.checks import HANDLED, Check, Level, summary, worst

LEVELS = list(Level)


def checks(*levels: Level) -> list[Check]:
    return [Check(f"{level}{place}", level, "found", "do this") for place, level in enumerate(levels)]


def test_only_ok_and_notices_let_an_incident_be_handled() -> None:
    for levels in itertools.product(LEVELS, repeat=3):
        found = checks(*levels)

        assert (summary(found) == "") is all(level in HANDLED for level in levels)
        assert (worst(found) in HANDLED) is (summary(found) == "")


def test_what_a_person_must_change_comes_before_what_is_refused_and_that_before_what_is_away() -> None:
    for levels in itertools.permutations(LEVELS):
        assert worst(checks(*levels)) is Level.WRONG
    assert worst(checks(Level.AWAY, Level.REFUSED, Level.OK)) is Level.REFUSED
    assert worst(checks(Level.AWAY, Level.NOTICE)) is Level.AWAY
    assert worst([]) is Level.OK


def test_the_sentence_names_the_worst_check_with_its_remedy_and_how_many_more_failed() -> None:
    found = checks(Level.AWAY, Level.OK, Level.REFUSED, Level.NOTICE)

    assert summary(found) == "an incident could not be handled: refused2: found; do this (and 1 more)"
    assert summary(checks(Level.AWAY)) == "an incident could not be handled: away0: found; do this"
