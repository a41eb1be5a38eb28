"""Follow-up issues: an open issue for each remedy that eases a fault without fixing it. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.remedies import SetConfig
from sre_space.ports.forge import Forge
from sre_space.text.proposal import follow_up_body, follow_up_title

LABEL = "sre:follow-up"


@dataclass(frozen=True)
class FollowUps:
    """Opens one issue for each remedy that helped and leaves work for people."""

    forge: Forge

    async def open_missing(self, case: Case) -> None:
        """Open an issue for each remedy that helped and has a follow-up, unless it is open already.

        Safe to repeat: an issue that this account has opened since the incident began is recognised by its title.
        """
        remedies = [trial.action.remedy for trial in case.trials if trial.helped]
        due = {
            follow_up_title(case, remedy): remedy
            for remedy in remedies
            if isinstance(remedy, SetConfig) and remedy.follow_up
        }
        if not due:
            return
        me, since = await self.forge.whoami(), (await self.forge.issue(case.issue)).created
        existing = {issue.title for issue in await self.forge.issues(state="all", since=since) if issue.author == me}
        for title in due.keys() - existing:
            await self.forge.open_issue(title, follow_up_body(case, due[title]), (LABEL,))
