"""Reads cases from the forge: the verified history that every agent works from."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case, Found
from sre_space.domain.chain import accept, open_case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.errors import Malformed, Missing
from sre_space.domain.facts import Action, ActionResult, Undo
from sre_space.domain.guardrails import PastAction
from sre_space.domain.remedies import Remedy
from sre_space.ports.forge import Comment, Forge, Issue
from sre_space.ports.signing import TrustStore
from sre_space.wire.footer import parse_footer


@dataclass(frozen=True)
class Casebook:
    """Fulfils `ports.ledger.Ledger` over the forge and the trust store."""

    forge: Forge
    trust: TrustStore
    repository: str

    async def case(self, issue: int) -> Case | None:
        """The verified case of an issue; None when the issue is not an incident of ours."""
        try:
            return await self._case(await self.forge.issue(issue))
        except Missing:
            return None

    async def open_cases(self) -> Sequence[Case]:
        """Every open incident, oldest first; of two with one ULID only the lowest number."""
        cases: dict[str, Case] = {}
        for issue in await self.forge.issues(state="open"):
            case = await self._case(issue)
            if case is not None:
                cases.setdefault(case.incident, case)
        return tuple(cases.values())

    async def past_actions(self, since: int) -> Sequence[PastAction]:
        """Actions that changed a service at or after `since`, over open and closed incidents."""
        return [action for case in await self.touched(since) for action in _actions(case, since)]

    async def touched(self, since: int) -> Sequence[Case]:
        """Open and closed incidents on which something was said or done at or after `since` (Unix ns)."""
        cases = [await self._case(issue) for issue in await self.forge.issues(state="all", since=since)]
        return [case for case in cases if case is not None]

    async def _case(self, issue: Issue) -> Case | None:
        opening = self._found(0, issue.body)
        if opening is None:
            return None
        case = open_case(self.repository, issue.number, issue.state == "open", opening, issue.labels)
        if case is None:
            return None
        comments = await self.forge.comments(issue.number) if issue.comments else ()
        return accept(case, self._facts(comments))

    def _facts(self, comments: Sequence[Comment]) -> list[Found]:
        found = (self._found(comment.id, comment.body) for comment in comments)
        return [one for one in found if one is not None]

    def _found(self, place: int, body: str) -> Found | None:
        """A broken footer is no fact: it is text that somebody wrote."""
        try:
            signed = parse_footer(body)
        except Malformed:
            return None
        if signed is None:
            return None
        signer = self.trust.owner(signed.key_id, signed.message, signed.signature)
        return Found(place, signed.fact, signed.digest, signer)


def _actions(case: Case, since: int) -> list[PastAction]:
    """What changed a service, takings back included; finished once the case has ended or waits for people."""
    finished = not case.is_open or case.recovered or waits_for_people(case)
    return [
        PastAction(payload.remedy.service, entry.fact.at, case.incident, finished, _places(payload.remedy))
        for entry in case.chain
        if entry.fact.at >= since and isinstance(payload := entry.fact.payload, Action | Undo) and _changed(payload)
    ]


def _changed(payload: Action | Undo) -> bool:
    return payload.changed if isinstance(payload, Action) else payload.result is ActionResult.DONE


def _places(remedy: Remedy) -> tuple[str, ...]:
    return tuple(edit.place for edit in remedy.edits)
