"""The metrics for Prometheus say what is known, and leave out what is not: nothing unknown is zero."""

import re
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from support.dashboards import AFTER, JOURNEY, known, recorded
from support.world import SECOND

from sre_space.dashboard.metrics import exposition
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.now import now

DOCS = Path(__file__).resolve().parents[3] / "docs" / "dashboard-api.md"


def values(one: Known) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the value of each series by its name and the values of its labels."""
    text = exposition(one, now(one, {}, {})).decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, tuple(sample.labels.values())): sample.value for sample in samples}


def test_what_is_known_is_exposed() -> None:
    found = values(known())

    assert found["sre_journey_attempts_total", ("true", JOURNEY)] == 18_199
    assert found["sre_journey_customers_total", (JOURNEY, "bought")] == 5_490
    assert found["sre_journey_conversion", (JOURNEY,)] == 0.61
    assert found["sre_journey_budget_left", (JOURNEY,)] == 0.82
    assert found["sre_incidents_open", ("false",)] == 0
    assert found["sre_halted", ()] == 0
    assert found["sre_service_state", ("policy-service", "well")] == 1


def test_an_open_incident_and_the_service_that_it_accuses_are_exposed() -> None:
    case = recorded("issue-01")
    found = values(known(replace(case, chain=case.chain[:3], is_open=True)))

    assert found["sre_incidents_open", ("false",)] + found["sre_incidents_open", ("true",)] == 1


def test_without_a_report_no_journey_and_no_detector_has_a_number() -> None:
    old = known(at=AFTER)
    found = values(replace(old, now=AFTER + 60 * SECOND))

    assert not [name for name, _ in found if name.startswith(("sre_journey", "sre_scout_blind"))]
    assert found["sre_scout_report_age_seconds", ()] == 60
    assert found["sre_service_state", ("policy-service", "unknown")] == 1


def test_every_metric_is_described() -> None:
    table = DOCS.read_text().partition("## Metrics")[2].partition("## ")[0]
    described = set(re.findall(r"`(sre_\w+)", table))

    assert {name for name, _ in values(known()) if not name.endswith("_created")} <= described
