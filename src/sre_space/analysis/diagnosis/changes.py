"""Which recent change explains the incident, by place, time and content; none when none does.

A change is guilty as far as its service is (place), as it came before the onset and not long before
(time), and as it changes behaviour that the symptoms mention (content), or as its new units perform
worse than the old ones (`releases`). Most recent changes are innocent.

More is known of a change that was seen to come into force. Either it is guilty, or the onset followed it by
chance; and a service that served well under it is not broken by it (Bayes, `by_time`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.diagnosis.diffs import HARMLESS, DiffEffect, effect_of, paths_of
from sre_space.analysis.diagnosis.metric_words import words_of
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.releases import Contrast, contrast
from sre_space.analysis.diagnosis.tables import Change, MetricTable

HALF_LIFE_NS = 3600 * 10**9  # the suspicion of a change halves every hour
SLACK_NS = 2 * 10**9  # runtimes count whole seconds, and deployments are announced before they begin
SURELY = 0.99  # the largest share of requests that a guilty change is assumed to affect
NEAR_NS = 300 * 10**9  # before the onset: so near a change is a suspect without a diff
ELSEWHERE = 0.1  # the place score of a change without a known service
GUILTY = 0.2  # a change with a lower score is not named


@dataclass(frozen=True)
class Charge:
    """How strongly one change is suspected, 0 to 1, and why."""

    change: Change
    score: float
    effect: DiffEffect
    contrast: Contrast | None
    explanation: str


@dataclass(frozen=True)
class Survival:
    """How a service fared under a change: `served` requests succeeded before a finding began at `seen` (Unix ns).

    `impact` is the share (0 to 1) of such requests that is affected since.
    """

    seen: int
    impact: float
    served: int


@dataclass(frozen=True)
class ChangeContext:
    """What changes are compared with: the guilt by service (0 to 1), the onset (Unix ns, 0 unknown), the symptoms.

    `symptoms` is their text. `survivals` are of changes that were seen to come into force, where their service is
    suspected.
    """

    guilt: Mapping[str, float]
    onset: int
    symptoms: str
    slowest: float = 0.0
    survivals: Mapping[Change, Sequence[Survival]] = field(default_factory=dict)


def charges(changes: Sequence[Change], context: ChangeContext, metrics: MetricTable) -> list[Charge]:
    """Return every change with its score, the most suspect first."""
    effects = [effect_of(change.summary, change.diff) for change in changes]
    matches = affinities([effect.words for effect in effects], context.symptoms)
    charged = [
        _charge(change, effect, match, context, metrics)
        for change, effect, match in zip(changes, effects, matches, strict=True)
    ]
    return sorted(charged, key=lambda charge: (-charge.score, -charge.change.time))


def _charge(change: Change, effect: DiffEffect, match: float, context: ChangeContext, metrics: MetricTable) -> Charge:
    """Return one change with its score; `match` (0 to 1) is how many words it shares with the symptoms."""
    when = timeliness(change.time, context.onset)
    where = place(change, context.guilt)
    units = contrast(change, metrics, context.slowest) if when > 0 else None
    content = effect.size * (0.5 + 0.5 * match)
    seen = units.impact if units is not None else 0.0
    survivals = context.survivals.get(change)
    guilt = (
        when * content
        if survivals is None
        else max((by_time(change.applied, content, survival) for survival in survivals), default=0.0)
    )
    score = 1.0 - (1.0 - where * guilt) * (1.0 - seen * (when > 0))
    scores = f"place {where:.2f}, time {when:.2f}, changed behaviour {effect.size:.2f}, words in common {match:.2f}"
    return Charge(change, score, effect, units, scores if units is None else f"{units.summary}; {scores}")


def by_time(applied: int, content: float, survival: Survival) -> float:
    """Return how likely (0 to 1) a change that came into force is guilty, from how soon after it the evidence begins.

    Unrelated faults fall into the time since then as often as into any other of the HALF_LIFE: that is the probability
    of a coincidence; `content` is the prior. A guilty change spares `n` requests with (1 - impact)**n.
    """
    since = survival.seen - applied + SLACK_NS
    if since < 0:
        return 0.0
    coincidence = min(1.0, (since + SLACK_NS) / HALF_LIFE_NS)
    spared = (1.0 - min(SURELY, survival.impact)) ** survival.served
    guilty, innocent = content * spared, (1.0 - content) * coincidence
    return float(guilty / (guilty + innocent)) if guilty > 0 else 0.0


def near_change(charged: Sequence[Charge], service: str, onset: int) -> str:
    """Return a sentence on the only change of the service shortly before the onset (Unix ns); "" without one."""
    near = [
        charge
        for charge in charged
        if concerns(charge.change, service) and onset and 0 <= onset - charge.change.time <= NEAR_NS
    ]
    if len(near) != 1 or near[0].effect.size <= HARMLESS:
        return ""
    seconds = (onset - near[0].change.time) / 1e9
    return f"{near[0].change.id} of {service} came {seconds:.0f} s before; nothing tells whether it did this"


def timeliness(at: int, onset: int) -> float:
    """Return 1 at the onset, halved by each HALF_LIFE before it, 0 after it; 0.5 when a time is missing."""
    if not at or not onset:
        return 0.5
    return 0.0 if at > onset else 0.5 ** ((onset - at) / HALF_LIFE_NS)


def place(change: Change, guilt: Mapping[str, float]) -> float:
    """Return the guilt (0 to 1) of the change's service; without one, of a service that its text or paths mention."""
    if change.service:
        return guilt.get(change.service, 0.0)
    return max([share for service, share in guilt.items() if mentions_service(change, service)], default=ELSEWHERE)


def concerns(change: Change, service: str) -> bool:
    """Return True when the change is of this service, or names no service and mentions this one."""
    return change.service == service or (not change.service and mentions_service(change, service))


def of_known(changes: Sequence[Change], services: Iterable[str]) -> list[Change]:
    """Return the changes, each with the name that telemetry has for its service (`cart` for `cart-service`)."""
    peers = Peers(services)
    return [replace(change, service=peers.meant(change.service) or change.service) for change in changes]


def mentions_service(change: Change, service: str) -> bool:
    """Return True when the change's summary, paths or changed lines mention the service, in any spelling."""
    lines = (line for line in change.diff.splitlines() if line[:1] in ("+", "-"))
    text = "\n".join((change.summary, *paths_of(change.diff), *lines))
    return _joined(service) in _joined(text)


def _joined(text: str) -> str:
    """Return the text with one separator: `STOCK_LIST`, `stock.list` and `stock-list` become equal."""
    return text.lower().replace("_", "-").replace(".", "-")


def affinities(changed: Sequence[Iterable[str]], symptoms: str) -> list[float]:
    """Return the share (0 to 1) of the symptoms' words that each change touches, relative to the best match.

    Rare words weigh more: inverse document frequency over the changes (Spärck Jones 1972).
    """
    bags = [{part for word in words for part in words_of(word)} for words in changed]
    spread = Counter(word for bag in bags for word in bag)
    symptom_words = set(words_of(symptoms))
    weights = [sum(math.log((1 + len(bags)) / spread[word]) for word in bag & symptom_words) for bag in bags]
    largest = max(weights, default=0.0)
    return [weight / largest if largest > 0 else 0.0 for weight in weights]
