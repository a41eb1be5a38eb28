"""The operator's orders on the command line: approval or rejection of a plan, a restart, the end of a halt."""

from sre_space.bootstrap.operator import Operator
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, Refused
from sre_space.domain.facts import Decision
from sre_space.domain.labels import HALT
from sre_space.domain.remedies import Escalate, Restart
from sre_space.ports.orders import Verb
from sre_space.record.order_format import render_order
from sre_space.text.proposal import proposal_of


async def order(operator: Operator, verb: Verb, plan: str) -> str:
    """Sign the order on the issue of the plan, and return a message; raise `Missing` when no open incident has it."""
    for case in await operator.incidents.open_cases():
        if waits(case) and case.plan == plan:
            body = render_order(operator.incidents.repository, case.issue, verb, plan, operator.signing())
            await operator.forge.comment(case.issue, body)
            return f"plan {plan} of issue {case.issue}: {verb} is signed"
    raise Missing(f"no open incident waits for a plan {plan!r}; `sre-space incidents` lists what waits")


async def plan(operator: Operator, number: int) -> str:
    """Return what the newest decision of an incident does or would do; raise `Missing` when there is no decision."""
    case = await operator.incidents.case(number)
    decision = case.latest(Decision) if case else None
    if case is None or decision is None:
        raise Missing(f"issue {number} is not an incident with a decision")
    lines = [decision.remedy.command, "", f"why: {decision.remedy.reason}"]
    if waits(case):
        lines.append(f"waits for a person: sre-space approve {case.plan}")
    lines += [
        f"{'allowed' if answer.allowed else 'REFUSED'} by {answer.rule}: {answer.reason}"
        for answer in decision.guardrails
    ]
    if not isinstance(decision.remedy, Restart | Escalate):
        proposal = proposal_of(case, decision.remedy)
        lines += ["", f"branch: {proposal.branch}", f"title:  {proposal.title}", "", proposal.body]
    return "\n".join(lines)


async def restart(operator: Operator, service: str) -> str:
    """Sign a restart on every open incident about a service, restart it, and return its state before and after.

    The agents' decisions about the previous incarnation are then recorded as already changed. Raise `Malformed` for
    a service that is not configured, `Refused` without an open incident: no action is taken without a record.
    """
    if service not in operator.config.services:
        raise Malformed(
            f"the configuration has no service {service!r}; there are: {', '.join(operator.config.services)}"
        )
    issues = [case.issue for case in await operator.incidents.open_cases() if service in case.services]
    if not issues:
        raise Refused(f"no open incident is about {service}: there is no issue to sign a restart on")
    for issue in issues:
        body = render_order(operator.incidents.repository, issue, "restart", service, operator.signing())
        await operator.forge.comment(issue, body)
    before = await operator.runtime.unit(operator.config.services[service].unit)
    after = await operator.runtime.restart(before.name, before.incarnation)
    states = f"was {before.state}, {before.incarnation}; is {after.state}, {after.incarnation}"
    return f"{service} {states}; signed on issue {', '.join(str(issue) for issue in issues)}"


async def resolved(operator: Operator, number: int, words: str) -> str:
    """Sign a person's description of what ended an escalated incident, and return a message.

    It is no order: Memory shows it with later, similar incidents. Raise `Missing` when the incident was not escalated,
    `Malformed` without a description.
    """
    case = await operator.incidents.case(number)
    if case is None or not case.escalated:
        raise Missing(
            f"issue {number} is not an incident that was escalated to a person; list them with: sre-space incidents"
        )
    text = " ".join(words.split())
    if not text:
        raise Malformed('describe what ended it: sre-space resolved NUMBER "what you did"')
    body = render_order(operator.incidents.repository, number, "resolved", text, operator.signing())
    await operator.forge.comment(number, body)
    return f"issue {number}: the description of what ended it is signed"


async def release(operator: Operator) -> int:
    """Remove the halt label, on which agents halt, from every open incident; return how many had it."""
    halting = [issue for issue in await operator.forge.issues() if HALT in issue.labels]
    for issue in halting:
        await operator.forge.set_labels(issue.number, [label for label in issue.labels if label != HALT])
    return len(halting)


def waits(case: Case) -> bool:
    """Return True while the case has a plan that waits for a person."""
    return isinstance(case.last.payload, Decision) and case.last.payload.plan
