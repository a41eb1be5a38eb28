"""What an earlier release signed is verified, finished and learnt from by this one."""

import asyncio
from pathlib import Path

import pytest
from support.recorded import RELEASES, Chain, case_of, every_chain, forge_with, world_with
from support.world import REPOSITORY, World

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.codec.footer import parse_footer
from sre_space.domain.facts import PAYLOAD, Action, Agent, Decision, Fact, Learnt, Recall, Step, Verification
from sre_space.domain.remedies import RemedyKind, Restart
from sre_space.record.audit import Audit, Auditor
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders

CHAINS = every_chain()
CLOSED = [chain for chain in CHAINS if chain.issue.state == "closed"]


def named(chain: Chain) -> str:
    return f"{chain.space.parent.name}-{chain.space.name}-{chain.name}"


def facts(chain: Chain) -> list[Fact]:
    """Every fact on the issue, whether it counts or not."""
    bodies = (chain.issue.body, *(one.body for one in chain.comments))
    return [signed.fact for signed in map(parse_footer, bodies) if signed is not None]


def stage(chain: Chain) -> tuple[object, ...]:
    """Where an issue has got to: open issues of one stage go on alike."""
    newest = facts(chain)[-1]
    payload = newest.payload
    done = (payload.result, payload.remedy.kind) if isinstance(payload, Action) else ()
    decided = (payload.plan, payload.remedy.kind) if isinstance(payload, Decision) else ()
    seen = (payload.outcome, payload.anew) if isinstance(payload, Verification) else ()
    return chain.space.parent, newest.step, bool(newest.attempt), done, decided, seen


def open_ones() -> list[Chain]:
    """Return the issues recorded as open, and one shortened issue for each stage that an issue went through."""
    once = [chain.after(count) for chain in CHAINS for count in range(len(chain.comments) + 1)]
    stages = {stage(chain): chain for chain in reversed(once)}
    return [*(chain for chain in CHAINS if chain.issue.state == "open"), *stages.values()]


def audited(chain: Chain) -> Audit:
    """Return the audit of a space whose only issue is this one."""
    forge, trust = forge_with([chain]), TrustFolder(chain.space / "trust")
    orders = IssueOrders(forge, trust, World(), REPOSITORY)
    return asyncio.run(Auditor(IncidentRepository(forge, trust, REPOSITORY), orders).audit())


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.name)
def test_every_payload_every_remedy_an_undoing_and_a_waiting_plan_are_among_what_was_recorded(release: Path) -> None:
    recorded = [chain for chain in CHAINS if chain.space.parent == release]
    payloads = [fact.payload for chain in recorded for fact in facts(chain)]
    last = [facts(chain)[-1].payload for chain in recorded if chain.issue.state == "open"]

    assert {type(payload) for payload in payloads} == set(PAYLOAD.values())
    assert {one.remedy.kind for one in payloads if isinstance(one, Action) and one.changed} >= {
        RemedyKind.RESTART,
        RemedyKind.SET_CONFIG,
        RemedyKind.REVERT,
        RemedyKind.SCALE,
    }
    assert any(isinstance(one, Decision) and one.plan for one in last)
    assert any(isinstance(one, Action) and one.remedy.kind is RemedyKind.ESCALATE for one in last)


@pytest.mark.parametrize("chain", CHAINS, ids=named)
def test_the_audit_verifies_what_it_verified(chain: Chain) -> None:
    (one,) = audited(chain).issues

    assert all(link.signature_ok and link.prev_ok for link in one.links)
    told = {"verified": len(one.links), "void": len(one.void), "orders": len(one.orders), "broken": len(one.broken)}
    assert told == chain.audit


@pytest.mark.parametrize("chain", open_ones(), ids=named)
async def test_an_open_incident_is_finished_by_agents_with_new_keys(chain: Chain, tmp_path: Path) -> None:
    world, before = world_with(chain, tmp_path), case_of(chain)
    case = await world.play(chain.issue.number, 400)

    assert [entry.digest for entry in case.chain[: len(before.chain)]] == [entry.digest for entry in before.chain]
    assert not case.is_open, [entry.fact.step for entry in case.chain]
    assert case.recovered
    assert case.last.step is Step.REMEMBER
    assert {"scout", "brain", "memory"} & {entry.signer for entry in case.chain[len(before.chain) :]} or (
        before.last.step is Step.REMEMBER
    )


@pytest.mark.parametrize("chain", [one for one in CHAINS if one.name == "waiting-plan"], ids=named)
async def test_a_plan_that_waited_is_approved_and_carried_out_under_the_new_release(
    chain: Chain, tmp_path: Path
) -> None:
    world, before = world_with(chain, tmp_path), case_of(chain)
    number, decision = chain.issue.number, before.latest(Decision)
    assert decision is not None
    assert isinstance(decision.remedy, Restart)
    life = decision.remedy.service, decision.remedy.incarnation
    world.dead, world.lives = {life[0]}, dict([life])
    assert (await world.play(number, 20)).chain == before.chain
    world.says(number, f"/sre approve {before.plan}")
    case = await world.play(number, 400)

    action = next(one for one in case.payloads if isinstance(one, Action))
    assert any(rule.rule == "approval" and before.plan in rule.reason for rule in action.guardrails)
    assert world.restarts == [life]
    assert case.recovered
    assert not case.is_open


@pytest.mark.parametrize("chain", CLOSED, ids=named)
async def test_the_lesson_that_was_learnt_is_remembered_and_matches(chain: Chain, tmp_path: Path) -> None:
    """Memory is rebuilt from the issue as it was before it was remembered, and asked about the same once more."""
    case, learnt = case_of(chain), case_of(chain).latest(Learnt)
    assert learnt is not None
    world = world_with(chain.after(len(chain.comments) - 1), tmp_path)
    await world.play(chain.issue.number, 40)

    (lesson,) = world.lessons.values()
    assert (lesson.id, lesson.facts["issue"]) == (case.incident, chain.issue.number)
    assert all(sentence in lesson.text for sentence in learnt.lesson.split(". "))
    again = await world.incidents.case(chain.issue.number)
    assert again is not None
    payload = await world.duties[Agent.MEMORY].perform(again, Step.RECALL)
    assert isinstance(payload, Recall)
    assert {past.incident for past in payload.cases} == {case.incident}
