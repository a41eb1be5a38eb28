"""What an operator orders on the command line: a plan approved or rejected, a restart, the brake released."""

from sre_space.bootstrap.operator import Operator
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed, Missing, Refused
from sre_space.domain.facts import Decision
from sre_space.domain.labels import HALT
from sre_space.domain.remedies import Escalate, Restart
from sre_space.ports.orders import Verb
from sre_space.record.order import render_order
from sre_space.text.proposal import proposal_of


async def order(operator: Operator, verb: Verb, plan: str) -> str:
    """Sign it on the issue of the plan; `Missing` when no open incident waits for that plan."""
    for case in await operator.incidents.open_cases():
        if waits(case) and case.plan == plan:
            body = render_order(operator.incidents.repository, case.issue, verb, plan, operator.signing())
            await operator.forge.comment(case.issue, body)
            return f"plan {plan} of issue {case.issue}: {verb} is signed"
    raise Missing(f"no open incident waits for a plan {plan!r}; `sre-space incidents` lists what waits")


async def plan(operator: Operator, number: int) -> str:
    """What the newest decision of an incident does or would do, exactly; `Missing` when there is none."""
    case = await operator.incidents.case(number)
    decision = case.latest(Decision) if case else None
    if case is None or decision is None:
        raise Missing(f"issue {number} is no incident with a decision")
    lines = [decision.remedy.command, "", f"why: {decision.remedy.reason}"]
    if waits(case):
        lines.append(f"waits for a person: sre-space approve {case.plan}")
    lines += [f"{'allowed' if one.allowed else 'REFUSED'} by {one.rule}: {one.reason}" for one in decision.guardrails]
    if not isinstance(decision.remedy, Restart | Escalate):
        proposal = proposal_of(case, decision.remedy)
        lines += ["", f"branch: {proposal.branch}", f"title:  {proposal.title}", "", proposal.body]
    return "\n".join(lines)


async def restart(operator: Operator, service: str) -> str:
    """A person restarts a service: signed on every open incident about it, then done; how it lives now.

    What the agents have decided about the life before is then recorded as already changed. `Malformed` for a service
    outside the chart, `Refused` without an open incident about it: there is no action without a record.
    """
    if service not in operator.config.services:
        raise Malformed(f"the chart names no service {service!r}; there are: {', '.join(operator.config.services)}")
    issues = [case.issue for case in await operator.incidents.open_cases() if service in _about(case)]
    if not issues:
        raise Refused(f"no open incident is about {service}: there is no issue to sign a restart on")
    for issue in issues:
        body = render_order(operator.incidents.repository, issue, "restart", service, operator.signing())
        await operator.forge.comment(issue, body)
    before = await operator.runtime.unit(operator.config.services[service].unit)
    after = await operator.runtime.restart(before.name, before.incarnation)
    lives = f"was {before.state}, {before.incarnation}; is {after.state}, {after.incarnation}"
    return f"{service} {lives}; signed on issue {', '.join(str(issue) for issue in issues)}"


async def resolved(operator: Operator, number: int, words: str) -> str:
    """A person says what ended an incident that was left to one; `Missing` where none was, `Malformed` without words.

    It orders nothing. Memory tells it to whoever has the next incident like it.
    """
    case = await operator.incidents.case(number)
    if case is None or not case.escalated:
        raise Missing(f"issue {number} is no incident that was left to a person; `sre-space incidents` lists all")
    text = " ".join(words.split())
    if not text:
        raise Malformed('say what ended it: sre-space resolved NUMBER "what you did"')
    body = render_order(operator.incidents.repository, number, "resolved", text, operator.signing())
    await operator.forge.comment(number, body)
    return f"issue {number}: what ended it is signed"


def _about(case: Case) -> set[str]:
    """The services that have its symptoms, and those that its diagnosis names."""
    decision = case.latest(Decision)
    accused = {cause.service for cause in decision.diagnosis.causes} if decision else set()
    return accused | {symptom.service for symptom in case.detection.symptoms}


async def release(operator: Operator) -> int:
    """Take the halting label from every open incident, which would halt again at the next poll; how many had it."""
    halting = [issue for issue in await operator.forge.issues() if HALT in issue.labels]
    for issue in halting:
        await operator.forge.set_labels(issue.number, [label for label in issue.labels if label != HALT])
    return len(halting)


def waits(case: Case) -> bool:
    """True while a plan waits for a person."""
    return isinstance(case.last.payload, Decision) and case.last.payload.plan
