"""What *Now* says of numbers: their window, what cannot be judged, and what is not known while Scout is blind."""

from collections.abc import Sequence
from dataclasses import replace

from support.dashboards import AFTER, CLOSED, JOURNEY, SERVICES, healthy, known, recorded, said
from support.world import SECOND

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import Burn
from sre_space.dashboard.questions import IncidentQuery
from sre_space.dashboard.reading.incidents import incidents, rows_of
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.now import now
from sre_space.domain.detectors import BurnReport, DetectorReport, DetectorsReport, DetectorState, JourneyReport
from sre_space.domain.symptoms import SymptomKind


def with_burns(*burns: BurnReport, also: DetectorReport | None = None) -> DetectorsReport:
    """Return a healthy report with burn rates, and perhaps a detector that fires."""
    return replace(
        healthy(AFTER, *filter(None, (also,))), journeys=(JourneyReport(JOURNEY, AFTER - 3600 * SECOND, burns=burns),)
    )


def burns_of(report: DetectorsReport) -> Sequence[Burn]:
    """Return the alerts of the journey's objective."""
    objective = now(known(report=said(AFTER, report)), {}, {}).journeys[0].objective
    return objective.burns if objective else ()


def blind() -> Known:
    """Return what is known while telemetry is silent."""
    rows = [
        DetectorReport(kind, subject, DetectorState.BLIND, why="no record arrived for 40 s", since=AFTER - 40 * SECOND)
        for kind, subject in [(SymptomKind.CONVERSION, JOURNEY), *((SymptomKind.SATURATION, one) for one in SERVICES)]
    ]
    burns = with_burns(BurnReport(3600, 300, 14.4, 0.3, 3600))
    report = replace(healthy(AFTER, *rows), journeys=burns.journeys)
    return known(report=said(AFTER, report, blind=True))


def test_the_large_number_says_since_when_it_counts() -> None:
    """While its alarm fires it counts from the beginning of the trouble, else the last half minute."""
    row = now(known(), {}, {}).journeys[0]
    assert row.value_since == (AFTER - 30 * SECOND) // 10**6

    since = AFTER - 8 * SECOND
    low = DetectorReport(SymptomKind.CONVERSION, JOURNEY, DetectorState.FIRING, since=since, value=0.0, threshold=0.5)
    row = now(known(report=said(AFTER, healthy(AFTER, low))), {}, {}).journeys[0]
    assert (row.value, row.value_since) == (0.0, since // 10**6)


def test_a_burn_rate_of_too_little_data_is_not_judged_unless_it_fires() -> None:
    burns = BurnReport(3600, 300, 14.4, 0.3, 66), BurnReport(21_600, 1800, 6.0, 400.0, 66)
    fires = DetectorReport(SymptomKind.SLO, JOURNEY, DetectorState.FIRING, value=400.0)

    calm, early = burns_of(with_burns(*burns))
    assert (calm.judges, calm.why) == (False, "66 s of 1 h of data")
    assert (early.judges, early.firing) == (False, False)
    calm, firing = burns_of(with_burns(*burns, also=fires))
    assert not calm.judges
    assert (firing.judges, firing.firing) == (True, True)


def test_blind_says_why_and_what_is_still_judged() -> None:
    told = now(blind(), {}, {}).sentence

    assert told.text == "Scout is blind: no record arrived for 40 s."
    assert "Only outages are judged, by Scout's own probes" in told.detail
    assert "no recovery is confirmed until telemetry arrives again" in told.detail


def test_blind_shows_no_number_of_before_as_one_of_now() -> None:
    view = now(blind(), {}, {})

    assert {(row.state, row.why) for row in view.services} == {(State.BLIND, "no record arrived for 40 s")}
    assert {(row.rate, row.errors, row.p95_s, row.memory) for row in view.services} == {(None, None, None, None)}
    objective = view.journeys[0].objective
    assert objective is not None
    assert [(burn.rate, burn.judges, burn.why) for burn in objective.burns] == [(None, False, "no telemetry")]


def test_the_week_counts_as_healed_only_what_a_change_of_the_agents_ended() -> None:
    """Of the 15 recorded incidents twelve asked nobody; in seven of these nothing that was done helped."""
    cases = [recorded(name) for name in CLOSED]
    one = known(*cases)

    told = incidents(one, IncidentQuery(), rows_of(one))

    assert told.week.healed_alone == sum(row.by == "agents" and not row.asked for row in told.incidents)
    assert told.sentence.text == (
        "Last 7 days: 15 incidents (median 91 s), 5 healed by the agents alone, 7 over by themselves, 3 with a person."
    )
    assert "a remedy did not help or did not last" in told.sentence.detail
