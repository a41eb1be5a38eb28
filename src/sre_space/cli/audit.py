"""The output of `sre-space audit`: the facts and void comments of each incident, and a summary line."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sre_space.domain.facts import PastCase
from sre_space.record.audit import Audit, AuditedIssue, ChainLink, Dismissed
from sre_space.text.plain_text import plain

DIGEST_SHOWN = 12


def show(audit: Audit, out: Console) -> None:
    """Print the audit for people."""
    for issue in audit.issues:
        for part in _issue(issue):
            out.print(part)
    out.print(summary(audit), highlight=False)


def summary(audit: Audit) -> str:
    """Return the last line: the counts of incidents and of verified, void and broken facts."""
    return f"{audit.incidents} incidents, {audit.verified} facts verified, {audit.void} void, {audit.broken} broken"


def document(audit: Audit) -> dict[str, object]:
    """Return the audit as one JSON object."""
    return {
        "issues": [_issue_document(issue) for issue in audit.issues],
        "incidents": audit.incidents,
        "verified": audit.verified,
        "void": audit.void,
        "broken": audit.broken,
    }


def _issue(issue: AuditedIssue) -> Iterator[RenderableType]:
    incident = f"incident {issue.incident}" if issue.incident else "no incident"
    yield Text(f"\nissue {issue.issue} ({issue.state}), {incident}: {plain(issue.title)}", style="bold")
    if issue.links:
        yield _facts(issue.links)
        yield from (Text(line) for link in issue.links for line in _grounds(link))
    yield from (Text(f"learnt: {plain(f'{past.cause_text}; {past.outcome_text}')}") for past in issue.taught)
    yield from (Text(f"order by {plain(order.by)}: {order.verb} {plain(order.plan)}") for order in issue.orders)
    if issue.void:
        yield _void(issue.void)
    yield from (Text(f"BROKEN: {reason}", style="bold red") for reason in issue.broken)


def _facts(links: tuple[ChainLink, ...]) -> Table:
    table = Table("seq", "step", "agent", "key", "at", "digest", "prev", "signature", "decided")
    for link in links:
        fact = link.fact
        digest, marks = link.digest[:DIGEST_SHOWN], (_mark(link.prev_ok), _mark(link.signature_ok))
        table.add_row(
            str(fact.seq), fact.step, link.agent, link.key_id, _time(fact.at), digest, *marks, Text(link.decided)
        )
    return table


def _void(void: tuple[Dismissed, ...]) -> Table:
    table = Table("comment", "by", "does not count")
    for comment in void:
        table.add_row(str(comment.place or "the issue"), Text(plain(comment.author)), comment.reason)
    return table


def _grounds(link: ChainLink) -> Iterator[str]:
    """Yield a line for each guardrail that was evaluated, and one for the evidence that was cited."""
    for rule in link.rules:
        word = "allowed" if rule.allowed else "REFUSED"
        yield f"  {link.fact.seq} {word} by {plain(rule.rule)}: {plain(rule.reason)}"
    if link.evidence:
        yield f"  {link.fact.seq} evidence: {plain(', '.join(link.evidence))}"


def _mark(good: bool) -> str:
    return "ok" if good else "WRONG"


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _issue_document(issue: AuditedIssue) -> dict[str, object]:
    return {
        "issue": issue.issue,
        "title": issue.title,
        "state": issue.state,
        "incident": issue.incident,
        "facts": [_link_document(link) for link in issue.links],
        "orders": [
            {"comment": order.place, "by": order.by, "order": order.verb, "plan": order.plan} for order in issue.orders
        ],
        "learnt": [_learnt_document(past) for past in issue.taught],
        "void": [{"comment": void.place, "author": void.author, "reason": void.reason} for void in issue.void],
        "broken": list(issue.broken),
    }


def _learnt_document(past: PastCase) -> dict[str, object]:
    """Return a lesson; `recurrence` is the issue of a recurrence while it was provisional, 0 when there was none."""
    return {"cause": past.cause, "remedy": past.remedy, "worked": past.worked, "recurrence": past.recurrence}


def _link_document(link: ChainLink) -> dict[str, object]:
    return {
        "seq": link.fact.seq,
        "step": link.fact.step,
        "agent": link.agent,
        "key": link.key_id,
        "at": link.fact.at,
        "attempt": link.fact.attempt,
        "comment": link.place,
        "digest": link.digest,
        "prev_ok": link.prev_ok,
        "signature_ok": link.signature_ok,
        "decided": link.decided,
        "rules": [{"rule": rule.rule, "allowed": rule.allowed, "reason": rule.reason} for rule in link.rules],
        "evidence": list(link.evidence),
    }
