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


def test_a_kind_is_named_by_its_detector_alone() -> None:
    naming = {
        path.relative_to(SOURCE).as_posix(): set(re.findall(r"SymptomKind\.([A-Z]+)", path.read_text()))
        for path in SOURCE.rglob("*.py")
        if ONE_KIND.search(path.read_text()) and path.relative_to(SOURCE).as_posix() not in ANYWHERE
    }

    assert naming == {path: set(kinds.split()) for path, kinds in DETECTORS.items()}


@pytest.mark.parametrize("kind", SymptomKind)
def test_every_kind_has_one_detector(kind: SymptomKind) -> None:
    assert World().detectors.kinds[kind].kind is kind


def test_the_kinds_are_in_the_order_of_their_gravity() -> None:
    assert [kind.gravity for kind in SymptomKind] == list(range(6))
    assert [kind for kind in SymptomKind if kind.is_of_unit] == list(SymptomKind)[:2]
