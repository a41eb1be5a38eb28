"""What several services that ended complain of alike: they cannot run without what they all depend on."""

import re
from collections.abc import Collection, Sequence
from itertools import takewhile

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.messages import kind_of_message
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.states import OBSERVED
from sre_space.analysis.diagnosis.tables import ServiceState
from sre_space.analysis.diagnosis.templates import LogShift
from sre_space.domain.diagnosis import CauseKind, Evidence

SEVERAL = 2  # services that ended and complain
SHARE = 0.5  # of those that ended
_REFUSED = re.compile(
    r"too many (connections|clients)|connection (was )?refused|ECONNREFUSED|communications link failure"
    r"|could not (connect|open)|unable to (connect|obtain|acquire)|rejected establishment of connection",
    re.IGNORECASE,
)
# Words of clients' errors, and those of the names that stores have.
_STORES = (
    (
        re.compile(r"sql|jdbc|hikari|hibernate", re.IGNORECASE),
        re.compile(r"sql|postgres|maria|oracle|db", re.IGNORECASE),
    ),
    (re.compile(r"redis|jedis|lettuce", re.IGNORECASE), re.compile(r"redis|valkey|cache", re.IGNORECASE)),
    (re.compile(r"mongo", re.IGNORECASE), re.compile(r"mongo", re.IGNORECASE)),
    (re.compile(r"kafka|broker", re.IGNORECASE), re.compile(r"kafka|broker", re.IGNORECASE)),
    (re.compile(r"amqp|rabbit", re.IGNORECASE), re.compile(r"rabbit|amqp", re.IGNORECASE)),
)


def missing_dependency(
    states: Sequence[ServiceState], logged: Sequence[LogShift], services: Collection[str]
) -> list[Finding]:
    """Return a finding against what most of the ended services say refused them; none when that is out itself.

    It is their word, and several agree: that they ended then is no evidence against them.
    """
    ended = {state.service for state in states if state.ended}
    lines = [shift for shift in logged if shift.service in ended and _REFUSED.search(shift.example)]
    complaining = sorted({shift.service for shift in lines})
    if len(complaining) < max(SEVERAL, SHARE * len(ended)):
        return []
    asked = _asked(lines[0].example, complaining, [name for name in services if name not in ended])
    if not asked:
        return []
    first = lines[0]
    statement = (
        f"{len(complaining)} services that ended were refused by {asked}, as {first.service}: {first.example[:200]}"
    )
    kind = (
        CauseKind.SATURATION if kind_of_message(first.example) is CauseKind.SATURATION else CauseKind.DEPENDENCY_ERROR
    )
    evidence = Evidence(f"log:{first.service}/{first.number}/refused", statement)
    return [Finding(asked, "", kind, Signal.FAILURE, 1.0, OBSERVED, evidence, first.since, reporter=first.service)]


def _asked(text: str, complaining: Sequence[str], services: Sequence[str]) -> str:
    """Return the service that the text names, or the store of its kind whose name is most like theirs; else ""."""
    if named := Peers(services).asked(text):
        return named
    stores = [name for said, names in _STORES if said.search(text) for name in services if names.search(name)]
    ranked = sorted(dict.fromkeys(stores), key=lambda name: -_likeness(name, complaining))
    if len(ranked) > 1 and _likeness(ranked[0], complaining) == _likeness(ranked[1], complaining):
        return ""
    return ranked[0] if ranked else ""


def _likeness(name: str, others: Sequence[str]) -> int:
    """Return how many letters at the beginning a name shares with others, in all."""
    return sum(
        len(list(takewhile(lambda pair: pair[0] == pair[1], zip(name, other, strict=False)))) for other in others
    )
