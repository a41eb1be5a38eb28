"""Runs the engine on one case."""

from dataclasses import replace

from sre_space.analysis.diagnosis.case import CaseEvidence
from sre_space.analysis.diagnosis.engine import diagnose_windows
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.window import Window


def diagnose_case(case: CaseEvidence) -> CaseDiagnosis:
    """Return the engine's answer; its notes begin with what is missing. Healthy windows without data are left out."""
    healthy = [Window.of(window) for window in case.healthy]
    diagnosis = diagnose_windows(
        Window.of(case.incident),
        [window for window in healthy if len(window.spans) or len(window.telemetry.metrics)],
        case.changes,
        case.alert,
        case.states,
    )
    return replace(diagnosis, notes=(*case.missing, *diagnosis.notes))
