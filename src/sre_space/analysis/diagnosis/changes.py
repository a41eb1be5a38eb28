"""Which recent change explains the incident, by place, time and content; none when none does.

A change is guilty as far as its service is (place), as it came before the onset and not long before
(time), and as it changes behaviour that the symptoms speak of (content), or as its new units do
worse than the old ones (`releases`). Most recent changes are innocent.

Of a change that was seen to come into force more is known. Either it is guilty, or the onset fell just behind it by
chance; and what served well under it is not broken by it (Bayes, `by_time`).
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.analysis.diagnosis.diffs import DiffEffect, effect_of, paths_of
from sre_space.analysis.diagnosis.metric_words import words_of
from sre_space.analysis.diagnosis.releases import Contrast, contrast
from sre_space.analysis.diagnosis.tables import Change, MetricTable

HALF_LIFE_NS = 3600 * 10**9  # a change is half as suspect an hour later
SLACK_NS = 2 * 10**9  # runtimes count whole seconds, and a deployment is told before it begins
SURELY = 0.99  # the largest share of requests that a guilty change is taken to hurt
ELSEWHERE = 0.1  # the place of a change of which nobody says where
GUILTY = 0.2  # below it no change is named


@dataclass(frozen=True)
class Charge:
    """How strongly one change is suspected, 0 to 1, and why."""

    change: Change
    score: float
    effect: DiffEffect
    contrast: Contrast | None
    told: str


@dataclass(frozen=True)
class Survival:
    """What became of a service under a change: `served` requests went well before a finding began at `seen`.

    `impact` is the share of such requests that is hurt since.
    """

    seen: int
    impact: float
    served: int


@dataclass(frozen=True)
class ChangeContext:
    """What changes are held against: guilt by service (0 to 1), when it began (0 unknown), what the symptoms say.

    `survivals` are of changes that were seen to come into force, where their service is suspected.
    """

    guilt: Mapping[str, float]
    onset: int
    symptoms: str
    slowest: float = 0.0
    survivals: Mapping[Change, Sequence[Survival]] = field(default_factory=dict)


def charges(changes: Sequence[Change], scene: ChangeContext, metrics: MetricTable) -> list[Charge]:
    """Every change with its score, most suspect first."""
    effects = [effect_of(change.summary, change.diff) for change in changes]
    near = affinities([effect.words for effect in effects], scene.symptoms)
    found = [
        _charge(change, effect, match, scene, metrics)
        for change, effect, match in zip(changes, effects, near, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.score, -one.change.time))


def _charge(change: Change, effect: DiffEffect, match: float, scene: ChangeContext, metrics: MetricTable) -> Charge:
    when = timeliness(change.time, scene.onset)
    where = place(change, scene.guilt)
    units = contrast(change, metrics, scene.slowest) if when > 0 else None
    content = effect.size * (0.5 + 0.5 * match)
    seen = units.impact if units is not None else 0.0
    lived = scene.survivals.get(change)
    guilt = (
        when * content if lived is None else max((by_time(change.applied, content, one) for one in lived), default=0.0)
    )
    score = 1.0 - (1.0 - where * guilt) * (1.0 - seen * (when > 0))
    told = f"place {where:.2f}, time {when:.2f}, changed behaviour {effect.size:.2f}, words in common {match:.2f}"
    return Charge(change, score, effect, units, told if units is None else f"{units.told}; {told}")


def by_time(applied: int, content: float, lived: Survival) -> float:
    """How likely a change that came into force is guilty, from how soon after it the evidence begins.

    Unrelated faults fall into the time since then as often as into any other of the HALF_LIFE: that is the chance of
    a coincidence; `content` is what is believed before. A guilty change spares `n` requests with (1 - harm)**n.
    """
    since = lived.seen - applied + SLACK_NS
    if since < 0:
        return 0.0
    coincidence = min(1.0, (since + SLACK_NS) / HALF_LIFE_NS)
    spared = (1.0 - min(SURELY, lived.impact)) ** lived.served
    believed, p_value = content * spared, (1.0 - content) * coincidence
    return float(believed / (believed + p_value)) if believed > 0 else 0.0


def timeliness(at: int, onset: int) -> float:
    """1 at the onset, halved by each HALF_LIFE before it, 0 after it; a half when a time is missing."""
    if not at or not onset:
        return 0.5
    return 0.0 if at > onset else 0.5 ** ((onset - at) / HALF_LIFE_NS)


def place(change: Change, guilt: Mapping[str, float]) -> float:
    """The guilt of the change's service; without one, of a service that its text or paths name."""
    if change.service:
        return guilt.get(change.service, 0.0)
    return max([share for service, share in guilt.items() if speaks_of(change, service)], default=ELSEWHERE)


def concerns(change: Change, service: str) -> bool:
    """True when the change is of this service, or of nobody in particular and speaks of it."""
    return change.service == service or (not change.service and speaks_of(change, service))


def speaks_of(change: Change, service: str) -> bool:
    """True when the change's summary, paths or changed lines name the service, however its words are joined."""
    lines = (line for line in change.diff.splitlines() if line[:1] in "+-")
    text = "\n".join((change.summary, *paths_of(change.diff), *lines))
    return _joined(service) in _joined(text)


def _joined(text: str) -> str:
    """`POLICY_SERVICE`, `policy.service` and `policy-service` are one name."""
    return text.lower().replace("_", "-").replace(".", "-")


def affinities(changed: Sequence[Iterable[str]], symptoms: str) -> list[float]:
    """How much of the symptoms' words each change touches, rare words more, beside the change that does most.

    Inverse document frequency over the changes (Spärck Jones 1972).
    """
    bags = [{part for word in words for part in words_of(word)} for words in changed]
    spread = Counter(word for bag in bags for word in bag)
    wanted = set(words_of(symptoms))
    weights = [sum(math.log((1 + len(bags)) / spread[word]) for word in bag & wanted) for bag in bags]
    most = max(weights, default=0.0)
    return [weight / most if most > 0 else 0.0 for weight in weights]
