"""What `sre-space audit` prints: per incident its facts and what does not count, and one line that sums up."""

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
    """Everything, for people."""
    for one in audit.issues:
        for part in _issue(one):
            out.print(part)
    out.print(summary(audit), highlight=False)


def summary(audit: Audit) -> str:
    """The last line."""
    return f"{audit.incidents} incidents, {audit.verified} facts verified, {audit.void} void, {audit.broken} broken"


def document(audit: Audit) -> dict[str, object]:
    """One JSON object."""
    return {
        "issues": [_issue_document(one) for one in audit.issues],
        "incidents": audit.incidents,
        "verified": audit.verified,
        "void": audit.void,
        "broken": audit.broken,
    }


def _issue(one: AuditedIssue) -> Iterator[RenderableType]:
    incident = f"incident {one.incident}" if one.incident else "no incident"
    yield Text(f"\nissue {one.issue} ({one.state}), {incident}: {plain(one.title)}", style="bold")
    if one.links:
        yield _facts(one.links)
        yield from (Text(line) for link in one.links for line in _grounds(link))
    yield from (Text(f"learnt: {plain(f'{past.told_cause}; {past.told_outcome}')}") for past in one.taught)
    yield from (Text(f"order by {plain(order.by)}: {order.verb} {plain(order.plan)}") for order in one.orders)
    if one.void:
        yield _void(one.void)
    yield from (Text(f"BROKEN: {reason}", style="bold red") for reason in one.broken)


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
    for one in void:
        table.add_row(str(one.place or "the issue"), Text(plain(one.author)), one.reason)
    return table


def _grounds(link: ChainLink) -> Iterator[str]:
    """The rules asked and the evidence cited."""
    for rule in link.rules:
        word = "allowed" if rule.allowed else "REFUSED"
        yield f"  {link.fact.seq} {word} by {plain(rule.rule)}: {plain(rule.reason)}"
    if link.evidence:
        yield f"  {link.fact.seq} evidence: {plain(', '.join(link.evidence))}"


def _mark(good: bool) -> str:
    return "ok" if good else "WRONG"


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _issue_document(one: AuditedIssue) -> dict[str, object]:
    return {
        "issue": one.issue,
        "title": one.title,
        "state": one.state,
        "incident": one.incident,
        "facts": [_link_document(link) for link in one.links],
        "orders": [{"comment": o.place, "by": o.by, "order": o.verb, "plan": o.plan} for o in one.orders],
        "learnt": [_learnt_document(past) for past in one.taught],
        "void": [{"comment": void.place, "author": void.author, "reason": void.reason} for void in one.void],
        "broken": list(one.broken),
    }


def _learnt_document(past: PastCase) -> dict[str, object]:
    """`recurrence`: the issue in which it came back while the lesson was provisional, 0 when it did not."""
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
