"""Everything that was gathered about an incident, as values: the input of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState, Telemetry


@dataclass(frozen=True)
class CaseEvidence:
    """The telemetry of the incident and of the healthy windows, the changes, the alert and the states of the services.

    `missing` lists, in a sentence each, what could not be gathered.
    """

    incident: Telemetry
    healthy: Sequence[Telemetry]
    changes: Sequence[Change]
    alert: Alert | None
    states: Sequence[ServiceState]
    missing: Sequence[str]
