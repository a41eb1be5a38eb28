"""The ends of units that Brain has heard of from the runtime: evidence of a unit that the runtime has started again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sre_space.domain.case import Case
from sre_space.domain.facts import Action
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import Symptom
from sre_space.ports.runtime import Died, Started, Unit

MARGIN_NS = 10**9  # a probe's symptom is dated when it failed first, which may be after the end
ALIVE = ("running", "starting")
AGAIN = "the runtime has started it again"


@dataclass
class EndedUnits:
    """The newest end of each unit that nobody had asked for, as the runtime's events say."""

    config: SpaceConfig
    ends: dict[str, Died] = field(default_factory=dict, init=False)

    def subscribed(self) -> None:
        """Keep what is known: an end stays one."""

    def take(self, event: Started | Died) -> None:
        """Take over the end of a unit of the configuration."""
        if isinstance(event, Died) and not event.planned and event.unit in self._units:
            self.ends[event.unit] = event

    def seen_in(self, case: Case, units: Mapping[str, Unit]) -> Mapping[str, Unit]:
        """Return the units as the incident is to be judged by them.

        A unit of a service with a symptom that ended since the symptom began, and that the runtime has started again by
        itself, is the one that ended: it has crashed. What ended before the newest action is no evidence any more.
        """
        ended = (self._ended(case, symptom, units) for symptom in case.detection.symptoms)
        return {**units, **{unit.name: unit for unit in ended if unit is not None}}

    def _ended(self, case: Case, symptom: Symptom, units: Mapping[str, Unit]) -> Unit | None:
        """Return the unit as it ended; None where it has not, or has not been started again."""
        service = self.config.services.get(symptom.service)
        end = self.ends.get(service.unit) if service else None
        if end is None:
            return None
        unit, acted = units[end.unit], [one.fact.at for one in case.chain if isinstance(one.fact.payload, Action)]
        is_restarted = unit.state in ALIVE and unit.incarnation != end.incarnation and unit.instance == end.instance
        if not is_restarted or end.time < max([symptom.since - MARGIN_NS, *acted]):
            return None
        detail = f"{end.detail}; {AGAIN}" if end.detail else AGAIN
        return replace(
            unit, state="exited", incarnation=end.incarnation, pid=None, since=end.time, exit_code=end.exit_code,
            detail=detail,
        )  # fmt: skip

    @property
    def _units(self) -> frozenset[str]:
        return frozenset(service.unit for service in self.config.services.values() if service.has_runtime)
