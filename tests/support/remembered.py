"""Made-up incidents as they are remembered: ten faults, each seen twice, with other numbers and another service."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.domain.case import Case, FoundFact
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis, Evidence
from sre_space.domain.facts import (
    OWNER,
    STEP_OF,
    Action,
    ActionResult,
    Decision,
    Detection,
    Fact,
    Learnt,
    Outcome,
    Payload,
    Verification,
)
from sre_space.domain.remedies import Escalate, Remedy, Restart, SetConfig
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.text.postmortem import conclude

SECOND = 10**9
BEGIN = 1_700_000_000 * SECOND
HALF_AN_HOUR = 1800 * SECOND
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Told:
    """One kind of fault: what Scout sees (`{s}` the service, `{n}` a number), what Brain finds, and what is done."""

    symptom: SymptomKind
    detail: str
    health: str
    kind: CauseKind
    evidence: str
    remedy: str


FAULTS = (
    Told(SymptomKind.INFRASTRUCTURE, "GET /health: connection refused", "down", CauseKind.CRASH,
         "{s} ended by signal 9 and left no trace of calls that were made to it", "restart"),
    Told(SymptomKind.INFRASTRUCTURE, "GET /health: no answer within {n} s", "hanging", CauseKind.HANG,
         "{s} does not answer in time: {n} calls to it ended in a timeout of the caller", "restart"),
    Told(SymptomKind.SATURATION, "memory is at 9{n}% of its limit, which it meets in {n} s (3 to 40 s at 99 %)", "ok",
         CauseKind.SATURATION, "memory of {s} grew from 120 MB to 3{n}0 MB within two minutes", "memory"),
    Told(SymptomKind.LATENCY, "{n} of 40 took over 122 ms at `POST /risk`, usually 1.00%", "ok",
         CauseKind.SLOW_NETWORK, "calls at {s} lose {n}00 ms on the way, not in its own work", "fallback"),
    Told(SymptomKind.LATENCY, "{n} of 38 took over 85 ms at `GET /customers/id`, usually 1.00%", "ok",
         CauseKind.SLOW_QUERY, "{s} waits {n}00 ms for SELECT FROM customers: its rows are locked", "fallback"),
    Told(SymptomKind.ERROR, "{n} of 42 failed at `POST /risk`, usually 0.00%", "ok",
         CauseKind.ERROR, "{s} answers 500 with `ValueError: tariff table is empty` in {n} of 42 calls", "retry"),
    Told(SymptomKind.CONVERSION, "{n} of 61 who asked bought, less than the usual 38%, 99%", "ok",
         CauseKind.BAD_CHANGE, "ONLINE_PURCHASE_LIMIT_CENTS of {s} was changed from 250000 to {n}00", "person"),
    Told(SymptomKind.LATENCY, "{n}0 of 90 took over 140 ms at `POST /quotes`, usually 1.00%", "ok",
         CauseKind.TRAFFIC, "{n} times as many requests come in at {s} as it was asked before", "person"),
    Told(SymptomKind.ERROR, "{n} of 55 failed at `POST /quotes`, usually 0.10%", "ok",
         CauseKind.MISCONFIGURATION, "{s} cannot open its database: no such file or directory: /srv/{n}.db", "person"),
    Told(SymptomKind.SLO, "the error budget of the month burns {n} times too fast", "ok",
         CauseKind.DEPENDENCY_ERROR, "the mail provider of {s} refuses {n} letters: quota exceeded", "person"),
)  # fmt: skip
SERVICES = ("policy-service", "user-service")


def incident(fault: int, again: int, closed: bool = True) -> Case:
    """Return how the fault was met for the `again`-th time: the whole case, or only what Scout saw of it."""
    told, service, n = FAULTS[fault], SERVICES[(fault + again) % 2], 5 + 2 * again
    begun = BEGIN + (fault * 10 + again) * 24 * 3600 * SECOND
    words = told.detail.format(s=service, n=n)
    health = dict.fromkeys((*SERVICES, "quote-service"), "ok") | {service: told.health}
    symptom = Symptom(told.symptom, service, words, 0.3, 0.01, begun)
    case = _case(fault * 10 + again, [Detection(symptom.key, (symptom,), health, JourneyCount(8, n, begun, begun))])
    return _ended(case, told, service, n) if closed else case


def _case(number: int, payloads: Sequence[Payload]) -> Case:
    id = "01HF" + "".join(DIGITS[(number * 7919 + place * place * 31) % 32] for place in range(22))
    chain = []
    for seq, payload in enumerate(payloads):
        step, at = STEP_OF[type(payload)], BEGIN + (number * 24 * 3600 + seq) * SECOND
        fact = Fact(id, "local/cloud-insurance", number + 1, seq, "", step, 1, at, payload)
        chain.append(FoundFact(seq, fact, f"{seq}", OWNER[step]))
    return Case(number + 1, True, tuple(chain))


def _ended(case: Case, told: Told, service: str, n: int) -> Case:
    evidence = Evidence(f"runtime:{service}", told.evidence.format(s=service, n=n))
    cause = Cause(service, "", told.kind, 0.93, (evidence.id,))
    diagnosis = Diagnosis(Confidence.CONFIRMED, (cause,), (evidence,))
    remedy = _remedy(told.remedy, service, n)
    result = ActionResult.ESCALATED if isinstance(remedy, Escalate) else ActionResult.DONE
    count = JourneyCount(30, 0, BEGIN, BEGIN + 5 * SECOND)
    payloads: list[Payload] = [
        case.detection,
        Decision(diagnosis, remedy, (), 0),
        Action(result, remedy, "exited, 5:running", "running, 6:running", "none", (), "GET /health answers 200"),
        Verification(Outcome.RECOVERED, count, 0.88, 1.0, n, 0, "30 visits in a row were good"),
    ]
    number = case.issue - 1
    written = conclude(_case(number, payloads), 0)
    learnt = Learnt("", _case(number, payloads).last.at + HALF_AN_HOUR)
    return _case(number, [*payloads, written, learnt])


def _remedy(word: str, service: str, n: int) -> Remedy:
    why = f"{service} explains 93% of what went wrong"
    match word:
        case "restart":
            return Restart(service, "5:running", why)
        case "person":
            return Escalate(f"{why}; no remedy of the chart fits")
        case _:
            keys = {"memory": "MEMORY_BYTES", "fallback": "RISK_FALLBACK", "retry": "DOWNSTREAM_ATTEMPTS"}
            return SetConfig(service, "deploy/config/space.env", keys[word], "1", str(n), why)
