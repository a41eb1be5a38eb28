"""What a remedy leaves to people: an open issue each, so that easing a fault does not hide it. Used by `fixer.py`."""

from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.remedies import SetConfig
from sre_space.ports.forge import Forge
from sre_space.text.proposal import follow_up_body, follow_up_title

LABEL = "sre:follow-up"


@dataclass(frozen=True)
class FollowUps:
    """Opens one issue for each remedy that helped and leaves something to do."""

    forge: Forge

    async def open_missing(self, case: Case) -> None:
        """Idempotent: what this account has opened since the incident began is known by its title."""
        remedies = [trial.action.remedy for trial in case.trials if trial.helped]
        due = {follow_up_title(case, one): one for one in remedies if isinstance(one, SetConfig) and one.follow_up}
        if not due:
            return
        me, since = await self.forge.whoami(), (await self.forge.issue(case.issue)).created
        made = {issue.title for issue in await self.forge.issues(state="all", since=since) if issue.author == me}
        for title in due.keys() - made:
            await self.forge.open_issue(title, follow_up_body(case, due[title]), (LABEL,))
