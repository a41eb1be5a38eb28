"""What a remedy leaves to people: an open issue each, so that easing a fault does not hide it. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.remedies import SetConfig
from sre_space.ports.forge import Forge
from sre_space.wire.proposal import follow_up_body, follow_up_title

LABEL = "sre:follow-up"


@dataclass(frozen=True)
class FollowUps:
    """Opens one issue for each remedy that helped and leaves something to do."""

    forge: Forge

    async def open_missing(self, case: Case) -> None:
        """Idempotent: an issue is known by its title."""
        for trial in case.trials:
            remedy = trial.action.remedy
            if isinstance(remedy, SetConfig) and remedy.follow_up and trial.helped:
                title = follow_up_title(case, remedy)
                if not any(issue.title == title for issue in await self.forge.search(title)):
                    await self.forge.open_issue(title, follow_up_body(case, remedy), (LABEL,))
