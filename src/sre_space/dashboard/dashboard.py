"""The dashboard: what it watches, and the answers that it gives."""

from dataclasses import dataclass

from sre_space.dashboard.acting.desk import Desk
from sre_space.dashboard.answering_facts import FactAnswers
from sre_space.dashboard.answering_people import PeopleAnswers
from sre_space.dashboard.answering_traces import TraceAnswers
from sre_space.dashboard.serving.views import Views
from sre_space.dashboard.watching import Watching
from sre_space.ports.case_index import CaseIndex
from sre_space.ports.people import People


@dataclass(frozen=True)
class Dashboard:
    """One dashboard; `watching` is to be run beside its server."""

    watching: Watching
    facts: FactAnswers
    traces: TraceAnswers
    people: PeopleAnswers

    @classmethod
    def of(cls, watching: Watching, desk: Desk, people: People, index: CaseIndex | None = None) -> "Dashboard":
        """Return the dashboard; `index` is None where Memory's index is not configured."""
        watching.has_memory = index is not None
        facts = FactAnswers(watching, people, index)
        return cls(watching, facts, TraceAnswers(watching), PeopleAnswers(watching, desk, people))

    @property
    def views(self) -> Views:
        """Return what the routes ask."""
        return Views(self.facts, self.traces, self.people)
