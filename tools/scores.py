"""Scores of diagnoses against the truth of labelled cases, as tables; for `bench_diagnosis.py` and `bench_hostile.py`.

The truth is read for counting only. A truth names `services` (of which one must come first; `["none"]` for a fault-free
window), a `kind` of fault, perhaps the guilty `change`, and, from the hostile generator, the `kinds` of cause that may
be said, whether the fault is `visible`, and whether all changes are `blameless`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.domain.diagnosis import Confidence

Truth = Mapping[str, Any]  # foreign JSON
VERDICTS = tuple(Confidence)
HEALTHY: tuple[set[str], ...] = (set(), {"none"})
HEAD = "| set, kind | service @1 | exact set | kind @1 | change @1 | CONFIRMED right | LIKELY | INCONCLUSIVE |"


@dataclass(frozen=True)
class Score:
    """One diagnosis against its truth; None where the truth does not say.

    `first`: the first service is a true one. `wrongly_blamed`: a change was named where none is guilty.
    """

    case: str
    kind: str
    verdict: Confidence
    healthy: bool
    first: bool | None
    exact: bool | None
    right_kind: bool | None
    right_change: bool | None
    wrongly_blamed: bool
    said: str

    @property
    def right(self) -> bool:
        """Return True when nothing that was said is wrong."""
        return self.first is not False and self.right_change is not False

    @property
    def accused(self) -> bool:
        """Return True when the verdict accuses somebody."""
        return self.verdict is not Confidence.INCONCLUSIVE


def scored(truth: Truth, diagnosis: CaseDiagnosis) -> Score:
    """Return the score of one diagnosis."""
    ranked = list(dict.fromkeys(cause.service for cause in diagnosis.causes))
    expected = set(truth["services"])
    healthy = expected in HEALTHY
    first = bool(ranked) and ranked[0] in expected
    guilty = truth.get("change")
    countable = guilty != "none" or healthy  # otherwise that no change is guilty is all that is asked
    return Score(
        case=truth["case"],
        kind=str(truth.get("kind", ""))[:40],
        verdict=diagnosis.verdict,
        healthy=healthy,
        first=first if countable else None,
        exact=expected == set(ranked[: len(expected)]) if countable else None,
        right_kind=first and diagnosis.causes[0].kind in truth["kinds"] if truth.get("kinds") else None,
        right_change=(diagnosis.change or "none") == guilty if guilty else None,
        wrongly_blamed=bool(truth.get("blameless")) and bool(diagnosis.change),
        said=_said(diagnosis),
    )


def _said(diagnosis: CaseDiagnosis) -> str:
    if not diagnosis.causes:
        return "nobody"
    cause = diagnosis.causes[0]
    return f"{cause.service} {cause.kind} {cause.score:.2f}"


def rows(name: str, scores: Sequence[Score]) -> Iterator[str]:
    """Yield the table's rows of a set: the whole, each kind, and its fault-free windows."""
    faulty = [score for score in scores if not score.healthy]
    by_kind: dict[str, list[Score]] = defaultdict(list)
    for score in faulty:
        by_kind[score.kind].append(score)
    if faulty:
        yield _row(f"**{name}**", faulty)
    if len(by_kind) > 1:
        yield from (_row(f"{name}: {kind}", by_kind[kind]) for kind in sorted(by_kind))
    if healthy := [score for score in scores if score.healthy]:
        yield accused_row(name, healthy)


def _row(name: str, scores: Sequence[Score]) -> str:
    verdicts = (share(score.right for score in scores if score.verdict is verdict) for verdict in VERDICTS)
    cells = (
        share(score.first for score in scores if score.first is not None),
        share(score.exact for score in scores if score.exact is not None),
        share(score.right_kind for score in scores if score.right_kind is not None),
        share(score.right_change for score in scores if score.right_change is not None),
        *verdicts,
    )
    return f"| {name} | {' | '.join(cells)} |"


def accused_row(name: str, scores: Sequence[Score]) -> str:
    """Return the row of fault-free windows: how many were accused, by verdict."""
    count = Counter(score.verdict for score in scores)
    accused = sum(score.accused for score in scores)
    cells = f"{count[Confidence.CONFIRMED]} CONFIRMED, {count[Confidence.LIKELY]} LIKELY"
    return f"| {name}: fault-free | accused {accused}/{len(scores)}: {cells} | | | | | | |"


def share(hits: Iterable[bool | None]) -> str:
    """Return `n/m`, "" when nothing was tried."""
    counted = list(hits)
    return f"{sum(map(bool, counted))}/{len(counted)}" if counted else ""


def mistakes(name: str, scores: Iterable[Score]) -> Iterator[str]:
    """Yield a line for each wrong CONFIRMED, each accusation of health, and each innocent change that was blamed."""
    for score in scores:
        if score.healthy and score.accused:
            yield f"- {name} {score.case}: health accused, {score.verdict}: {score.said}"
        elif not score.healthy and score.verdict is Confidence.CONFIRMED and not score.right:
            yield f"- {name} {score.case}: wrong CONFIRMED: {score.said} ({score.kind})"
        elif score.wrongly_blamed and score.accused:
            yield f"- {name} {score.case}: an innocent change blamed, {score.verdict}: {score.said} ({score.kind})"
