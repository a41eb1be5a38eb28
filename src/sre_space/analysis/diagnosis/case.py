"""One case for the engine: everything that was gathered of an incident, as values."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState, Telemetry


@dataclass(frozen=True)
class CaseEvidence:
    """Hold the telemetry of the incident and of the healthy windows, and what is known besides.

    `missing` says, in a sentence each, what could not be gathered.
    """

    incident: Telemetry
    healthy: Sequence[Telemetry]
    changes: Sequence[Change]
    alert: Alert | None
    states: Sequence[ServiceState]
    missing: Sequence[str]
