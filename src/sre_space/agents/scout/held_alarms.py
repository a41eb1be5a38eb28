"""The alarms that holds keep from opening incidents. Used by `detectors.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.flapping import Seen, symptom_key
from sre_space.domain.symptoms import Symptom


@dataclass
class HeldAlarms:
    """The alarms that were put off in the newest evaluation, by the name that damping knows them by."""

    waiting: set[Seen] = field(default_factory=set)

    def put_off(
        self, steady: Sequence[FiredAlarm], fired: Sequence[FiredAlarm], is_held: Callable[[Symptom], bool]
    ) -> Sequence[FiredAlarm]:
        """Return the `steady` alarms whose symptom is held.

        What ended in a hold opens nothing after it either: a damped alarm that has `fired` no more stays put off.
        """
        gone = self.waiting - {symptom_key(alarm) for alarm in fired}
        found = [alarm for alarm in steady if is_held(alarm.symptom) or symptom_key(alarm) in gone]
        self.waiting = {symptom_key(alarm) for alarm in found}
        return found
