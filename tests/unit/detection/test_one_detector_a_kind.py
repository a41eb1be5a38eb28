"""What depends on the kind of a symptom stands in the detector of that kind, and nowhere else."""

import re
from pathlib import Path

import pytest
from support.world import World

import sre_space
from sre_space.domain.symptoms import SymptomKind

SOURCE = Path(sre_space.__file__).parent
ONE_KIND = re.compile(r"SymptomKind\.[A-Z]")
ANYWHERE = ("domain/symptoms.py", "codec/symptom_report.py", "text/prose.py")  # its rules, the wire, the words
DETECTORS = {
    "agents/scout/health.py": "INFRASTRUCTURE",
    "agents/scout/conversion_detector.py": "CONVERSION",
    "agents/scout/slo_detector.py": "SLO",
    "agents/scout/outage_detector.py": "INFRASTRUCTURE",
    "agents/scout/saturation_detector.py": "SATURATION",
    "analysis/detection/burn_rate.py": "SLO",
    "analysis/detection/conversion.py": "CONVERSION",
    "analysis/detection/errors.py": "ERROR",
    "analysis/detection/latency.py": "LATENCY",
    "analysis/detection/saturation.py": "SATURATION",
}
SHOWN = {  # what the dashboard says of a kind, in words and numbers, to people alone
    "dashboard/history/recorder.py": {"CONVERSION"},  # the first number of a journey that declares one
    "dashboard/reading/journeys.py": {"CONVERSION", "SLO"},  # that number, and the objective's
    "dashboard/reading/detector_words.py": {"INFRASTRUCTURE", "ERROR", "CONVERSION"},  # customers cannot go on
    "dashboard/reading/services.py": {"INFRASTRUCTURE"},  # what does not answer stands first
    "dashboard/reading/troubles.py": {"INFRASTRUCTURE", "SATURATION", "ERROR", "LATENCY", "CONVERSION", "SLO"},
}
PROPERTY = re.compile(r"kind\.(is_seen_by_probes|is_saturation|is_of_unit|shows_in_durations|is_dated_early)\b")
# Who has a symptom and no detector (the other agents, and what reads facts), and what it needs to know of it.
ASKED = {
    "codec/symptom_report.py": {"is_seen_by_probes"},  # may it be there, though telemetry is away?
    "domain/holds.py": {"is_seen_by_probes"},  # may work on the services that it calls be the reason?
    "agents/unit_evidence.py": {
        "is_seen_by_probes",  # have Scout's probes shown it, so that one more suffices?
        "is_saturation",  # does Scout see it in the unit's own metrics?
    },
    "agents/fixer/fixer.py": {"is_seen_by_probes"},  # does a probe say now whether it is there?
    "agents/brain/investigation.py": {
        "is_seen_by_probes",  # are a few seconds of traces enough?
        "is_dated_early",  # from when on is nothing healthy?
    },
    "agents/brain/candidate_remedies.py": {
        "is_of_unit",  # is it in the unit, so that a restart frees it?
        "shows_in_durations",  # is it slow, or does it fail?
    },
    "agents/scout/detector.py": {"is_seen_by_probes"},  # the answer of every detector
    "agents/scout/scout.py": {"shows_in_durations"},  # does a fact carry the usual durations?
}


def test_whoever_has_no_detector_asks_for_a_property_of_the_symptom() -> None:
    asked = {
        path.relative_to(SOURCE).as_posix(): set(PROPERTY.findall(path.read_text())) for path in SOURCE.rglob("*.py")
    }

    assert {path: names for path, names in asked.items() if names} == ASKED


def test_a_kind_is_named_by_its_detector_alone() -> None:
    naming = {
        path.relative_to(SOURCE).as_posix(): set(re.findall(r"SymptomKind\.([A-Z]+)", path.read_text()))
        for path in SOURCE.rglob("*.py")
        if ONE_KIND.search(path.read_text()) and path.relative_to(SOURCE).as_posix() not in ANYWHERE
    }

    assert naming == {path: {kind} for path, kind in DETECTORS.items()} | SHOWN


@pytest.mark.parametrize("kind", SymptomKind)
def test_every_kind_has_one_detector(kind: SymptomKind) -> None:
    assert World().detectors.kinds[kind].kind is kind


def test_the_kinds_are_in_the_order_of_their_gravity() -> None:
    assert [kind.gravity for kind in SymptomKind] == list(range(6))
    assert [kind for kind in SymptomKind if kind.is_of_unit] == list(SymptomKind)[:2]
