"""Holds up the steps of an incident whose services people hold, and says so on its issue. Used by the runner.

What an agent only records goes on: recall, a verdict on what was done before, the end of an incident.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.domain.case import Case
from sre_space.domain.errors import SpaceError
from sre_space.domain.facts import OWNER, Step
from sre_space.domain.guardrails import hold_of
from sre_space.domain.holds import WAITING_STEPS
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.holds import Holds
from sre_space.text.holds import waiting_note

log = logging.getLogger(__name__)


@dataclass
class HoldGate:
    """Asks for each step that decides or acts whether it waits.

    `noted` are the notes known to be on their issue, `waiting` the issues whose step waited when last asked about.
    """

    holds: Holds
    forge: Forge
    config: SpaceConfig
    clock: Clock
    noted: set[tuple[int, str]] = field(default_factory=set)
    waiting: set[int] = field(default_factory=set)

    async def stops(self, case: Case, step: Step) -> bool:
        """Return True while the step waits for the end of a hold; raise `Unavailable` when that cannot be known.

        Before an act the forge is asked anew, unless the incident is known to wait.
        """
        if step not in WAITING_STEPS:
            return False
        holds = await self.holds.current(fresh=step is not Step.DECIDE and case.issue not in self.waiting)
        hold = hold_of(self.config, case, holds, self.clock.now())
        self.waiting.discard(case.issue)
        if hold is not None:
            self.waiting.add(case.issue)
            await self._note(case, waiting_note(OWNER[step], step, hold))
        return hold is not None

    async def held(self, cases: Sequence[Case]) -> frozenset[int]:
        """Return the issues of the incidents that wait; raise `Unavailable` when that cannot be known."""
        holds = await self.holds.current() if cases else ()
        now = self.clock.now()
        return frozenset(case.issue for case in cases if hold_of(self.config, case, holds, now))

    async def _note(self, case: Case, note: str) -> None:
        """Comment on the incident, once for each hold and step; a note that cannot be written holds up nothing else."""
        if (case.issue, note) in self.noted:
            return
        try:
            if all(comment.body != note for comment in await self.forge.comments(case.issue)):
                await self.forge.comment(case.issue, note)
        except SpaceError as error:
            log.warning("issue %d: that it waits for a hold cannot be written: %s", case.issue, error)
        else:
            self.noted.add((case.issue, note))
