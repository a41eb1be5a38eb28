"""What is kept of a diagnosis in its bundle."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.tables import Change
from sre_space.dashboard.answers.incident import Kept


@dataclass(frozen=True)
class Examined:
    """A diagnosis, repeated from its bundle, and the changes that it looked at; None where the bundle is gone."""

    kept: Kept
    diagnosis: CaseDiagnosis | None = None
    changes: Sequence[Change] | None = None
