"""The repetition of an issue's diagnosis from its bundle, for `sre-space diagnose --incident-number`."""

import time
from dataclasses import dataclass

from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.analysis.diagnosis.diagnose import diagnose_case
from sre_space.bootstrap.diagnose import Answer
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.case_files import case_of
from sre_space.domain.diagnosis import Diagnosis
from sre_space.domain.errors import Missing, Refused
from sre_space.domain.facts import Decision
from sre_space.text.diagnosis_report import fact_of


@dataclass(frozen=True)
class RepeatedDiagnosis:
    """A repeated diagnosis, the `recorded` one in a line, and whether verdict, causes and change are the `same`."""

    answer: Answer
    recorded: str
    same: bool


async def diagnose_again(state: SpaceState, number: int) -> RepeatedDiagnosis:
    """Return the newest diagnosis of an incident, repeated, from the running space or the forge that a setting names.

    Raise `NotRunning` when no space runs, `Refused` when the issue's facts do not verify, `Missing` when the issue is
    no incident, has no diagnosis or its bundle is gone, `Malformed` when the bundle was altered.
    """
    recorded = await _recorded(state, number)
    if not recorded.bundle:
        raise Missing(f"the diagnosis of issue {number} names no bundle: it cannot be repeated")
    files = await BundleFolder(state.bundles).load(recorded.bundle)
    begun = time.perf_counter()
    diagnosis = diagnose_case(case_of(files))
    answer = Answer(f"issue {number}", diagnosis, time.perf_counter() - begun)
    return RepeatedDiagnosis(
        answer, _in_a_line(recorded), _compared(fact_of(diagnosis, recorded.bundle)) == _compared(recorded)
    )


async def _recorded(state: SpaceState, number: int) -> Diagnosis:
    operator = Operator.here(state)
    try:
        case = await operator.incidents.case(number)
    finally:
        await operator.close()
    if case is None:
        raise Missing(f"issue {number} is no incident of this space")
    if case.frozen_reason:
        raise Refused(f"the facts of issue {number} do not verify: {case.frozen_reason}")
    decision = case.latest(Decision)
    if decision is None:
        raise Missing(f"issue {number} has no diagnosis yet")
    return decision.diagnosis


def _compared(diagnosis: Diagnosis) -> tuple[object, ...]:
    return diagnosis.verdict, diagnosis.causes, diagnosis.change


def _in_a_line(diagnosis: Diagnosis) -> str:
    causes = ", ".join(f"{cause.service} {cause.kind}" for cause in diagnosis.causes) or "nobody"
    return f"{diagnosis.verdict}: {causes}"
