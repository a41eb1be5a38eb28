"""The post-mortem of an incident: every sentence is rendered from a recorded fact."""

from datetime import UTC, datetime

from sre_space.domain.case import Case, Trial
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import OWNER, Conclusion, Decision, Recall, Step, Verification
from sre_space.ports.orders import Resolution
from sre_space.text.prose import resolution_clause


def conclude(case: Case, now: int, resolution: Resolution | None = None) -> Conclusion:
    """Return the post-mortem of an incident whose recovery is confirmed, with its MTTD and MTTR.

    MTTD is from the first symptom to the issue, MTTR from the first symptom to the measured recovery (`now` without
    one). `resolution` is a person's description of what resolved an escalated incident.
    """
    first = case.detection.symptoms[0].since
    recovered = case.fact_of(Step.VERIFY)
    mttd = (case.chain[0].fact.at - first) / 1e9
    mttr = ((recovered.at if recovered else now) - first) / 1e9
    return Conclusion(round(mttd, 3), round(mttr, 3), _markdown(case, mttd, mttr, resolution))


def _markdown(case: Case, mttd: float, mttr: float, resolution: Resolution | None) -> str:
    symptom = case.detection.symptoms[0]
    parts = (
        f"## Post-mortem: {symptom.kind} incident on {symptom.service}",
        f"Incident `{case.incident}`, first symptom {_utc(symptom.since)}. "
        f"Time to detect {mttd:.1f} s, to recover {mttr:.1f} s.",
        f"### Impact\n{_impact(case)}",
        f"### Root cause\n{_cause(case)}",
        f"### What was done\n{_action(case)}",
        *([f"### What a person did\n{_by_a_person(resolution)}"] if case.escalated else []),
        f"### Seen before\n{_seen_before(case)}",
        f"### Timeline\n{_timeline(case)}",
    )
    return "\n\n".join(parts)


def _impact(case: Case) -> str:
    verdict = case.latest(Verification)
    if verdict is None:
        return "No verification was recorded."
    journey = verdict.journey
    return (
        f"{verdict.failed} attempts of the journey failed. Afterwards {journey.good} of {journey.good + journey.bad} "
        f"attempts succeeded (95 % interval {verdict.low:.1%} to {verdict.high:.1%}): {verdict.detail}."
    )


def _cause(case: Case) -> str:
    decision = case.latest(Decision)
    if decision is None or not decision.diagnosis.causes:
        return "No cause was named."
    best = decision.diagnosis.causes[0]
    statements = {item.id: item.statement for item in decision.diagnosis.evidence}
    of = "the failed traces" if best.kind in (CauseKind.CRASH, CauseKind.HANG) else "the anomalies"
    share = f"It explains {best.score:.0%} of {of}."
    known = decision.diagnosis.cause is not None
    verdict = decision.diagnosis.verdict if known else "The cause was not found. Suspected, but not proven"
    lines = [f"{verdict}: **{best.service}**, {best.kind}. {share}"]
    lines += [f"- {statements[id]} (`{id}`)" for id in best.evidence]
    return "\n".join(lines)


def _action(case: Case) -> str:
    return "\n".join(line for trial in case.trials for line in _one_trial(trial)) or "Nothing was done."


def _by_a_person(resolution: Resolution | None) -> str:
    if resolution is None:
        return "Nobody has reported it yet; a comment that begins with `/sre resolved` still can."
    return f"{resolution.by} reports (comment {resolution.place}): `{resolution.text}`"


def _one_trial(trial: Trial) -> list[str]:
    """Return one line with the action, its result and Scout's verdict, and one with its undo if there was one."""
    action, undo = trial.action, trial.undo
    states = f"Before: {action.before or 'not read'}; after: {action.after or 'not read'}."
    verdict = f" Scout: {trial.outcome}." if trial.outcome else ""
    lines = [f"- {action.remedy.command}: {action.result}. {action.detail}. {states}{verdict}"]
    return [*lines, f"- Undone: {undo.remedy.command}: {undo.result}. {undo.detail}."] if undo else lines


def _seen_before(case: Case) -> str:
    recall = case.latest(Recall)
    if recall is None:
        return "Memory did not answer in time."
    lines = [
        f"- issue {past.issue}, similarity {past.similarity:.2f}: {past.cause_text}; {past.outcome_text}"
        f"{resolution_clause(past)}"
        for past in recall.cases
    ]
    return "\n".join(lines) or "No similar incident is remembered."


def _timeline(case: Case) -> str:
    first = case.detection.symptoms[0].since
    rows = [f"| {(e.fact.at - first) / 1e9:+.1f} s | {OWNER[e.fact.step]} | {e.fact.step} |" for e in case.chain]
    return "\n".join(["| after the first symptom | agent | step |", "|---|---|---|", *rows])


def _utc(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
