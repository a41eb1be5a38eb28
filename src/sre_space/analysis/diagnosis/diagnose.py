"""Asks the engine about one case."""

from dataclasses import replace

from sre_space.analysis.diagnosis.case import CaseEvidence
from sre_space.analysis.diagnosis.engine import diagnose_windows
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.window import Window


def diagnose_case(case: CaseEvidence) -> CaseDiagnosis:
    """Return the engine's answer; its notes begin with what is missing. A healthy window without data is left out."""
    healthy = [Window.of(one) for one in case.healthy]
    found = diagnose_windows(
        Window.of(case.incident),
        [one for one in healthy if len(one.spans) or len(one.telemetry.metrics)],
        case.changes,
        case.alert,
        case.states,
    )
    return replace(found, notes=(*case.missing, *found.notes))
