"""Which recent change explains the incident, by place, time and content; none when none does.

A change is guilty as far as its service is (place), as it came before the onset and not long before
(time), and as it changes behaviour that the symptoms speak of (content), or as its new units do
worse than the old ones (`releases`). Most recent changes are innocent.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sre_space.analysis.diagnosis.diffs import Effect, effect_of, paths_of
from sre_space.analysis.diagnosis.metric_words import words_of
from sre_space.analysis.diagnosis.releases import Contrast, contrast
from sre_space.analysis.diagnosis.tables import Change, MetricTable

HALF_LIFE_NS = 3600 * 10**9  # a change is half as suspect an hour later
ELSEWHERE = 0.1  # the place of a change of which nobody says where
GUILTY = 0.2  # below it no change is named


@dataclass(frozen=True)
class Charge:
    """How strongly one change is suspected, 0 to 1, and why."""

    change: Change
    score: float
    effect: Effect
    contrast: Contrast | None
    told: str


@dataclass(frozen=True)
class Scene:
    """What changes are held against: guilt by service (0 to 1), when it began (0 unknown), what the symptoms say."""

    guilt: Mapping[str, float]
    onset: int
    symptoms: str
    slowest: float = 0.0


def charges(changes: Sequence[Change], scene: Scene, metrics: MetricTable) -> list[Charge]:
    """Every change with its score, most suspect first."""
    effects = [effect_of(change.summary, change.diff) for change in changes]
    near = affinities([effect.words for effect in effects], scene.symptoms)
    found = [
        _charge(change, effect, match, scene, metrics)
        for change, effect, match in zip(changes, effects, near, strict=True)
    ]
    return sorted(found, key=lambda one: (-one.score, -one.change.time))


def _charge(change: Change, effect: Effect, match: float, scene: Scene, metrics: MetricTable) -> Charge:
    when = timeliness(change.time, scene.onset)
    where = place(change, scene.guilt)
    units = contrast(change, metrics, scene.slowest) if when > 0 else None
    content = effect.size * (0.5 + 0.5 * match)
    seen = units.harm if units is not None else 0.0
    score = 1.0 - (1.0 - where * when * content) * (1.0 - seen * (when > 0))
    told = f"place {where:.2f}, time {when:.2f}, changed behaviour {effect.size:.2f}, words in common {match:.2f}"
    return Charge(change, score, effect, units, told if units is None else f"{units.told}; {told}")


def timeliness(at: int, onset: int) -> float:
    """1 at the onset, halved by each HALF_LIFE before it, 0 after it; a half when a time is missing."""
    if not at or not onset:
        return 0.5
    return 0.0 if at > onset else 0.5 ** ((onset - at) / HALF_LIFE_NS)


def place(change: Change, guilt: Mapping[str, float]) -> float:
    """The guilt of the change's service; without one, of a service that its text or paths name."""
    if change.service:
        return guilt.get(change.service, 0.0)
    text = " ".join((change.summary, *paths_of(change.diff))).lower()
    return max([share for service, share in guilt.items() if service.lower() in text], default=ELSEWHERE)


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
