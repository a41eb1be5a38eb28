"""People give orders with a key that only their token unlocks; the orders count, are limited, and name them."""

from pathlib import Path

import pytest
from support.dashboards import CHAINS, CONFIG, Stage
from support.world import REPOSITORY, SECOND

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.adapters.operator_keys import OperatorKeys
from sre_space.dashboard.answers.acting import NewOrder
from sre_space.domain.errors import Conflict, Malformed, Missing, Refused
from sre_space.domain.people import may_order
from sre_space.record.audit import Auditor
from sre_space.record.order_format import VERBS, render_order
from sre_space.text.prose import scrub

PLAN = "waiting-plan"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.time.time = CHAINS[PLAN].newest + SECOND
    return stage


async def test_a_token_unlocks_its_key_and_nothing_else_does(tmp_path: Path) -> None:
    people = OperatorKeys(tmp_path / "operators", TrustFolder(tmp_path / "trust"))
    ada, bob = people.add("ada"), people.add("bob")
    found = await people.of(ada)

    assert found is not None
    assert found.name == "ada"
    swapped = ada.replace("_ada", "_bob")
    for wrong in ("", "ada", swapped, bob[:-4] + "_eve", ada.upper(), ada + "x", "sre_op_" + "0" * 64 + "_ada"):
        assert await people.of(wrong) is None
    secret = ada.split("_")[2]
    written = [path.read_text() for path in tmp_path.rglob("*.json")]
    assert all(secret not in text for text in written)
    assert (tmp_path / "operators" / "ada.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["", "Ada", "../ada", "a" * 32, "operator:x", "a b", "9a", "a.b"])
def test_a_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    with pytest.raises(Malformed, match="no name of a person"):
        OperatorKeys(tmp_path, TrustFolder(tmp_path / "trust")).add(name)


async def test_a_removed_person_signs_nothing_and_earlier_orders_still_verify(tmp_path: Path) -> None:
    trust = TrustFolder(tmp_path / "trust")
    people = OperatorKeys(tmp_path / "operators", trust)
    token = people.add("ada")
    person = await people.of(token)
    assert person is not None
    signature = person.signer.sign(b"order")
    people.remove("ada")

    assert await people.of(token) is None
    assert trust.owner(person.signer.key_id, b"order", signature, 1) == "operator:ada"
    assert trust.owner(person.signer.key_id, b"order", signature, 10**20) is None
    with pytest.raises(Missing, match="there is no person"):
        people.remove("ada")


def test_a_leaked_token_is_recognised_and_removed(tmp_path: Path) -> None:
    token = OperatorKeys(tmp_path, TrustFolder(tmp_path / "trust")).add("ada")

    assert token[:40] not in scrub(f"my token is {token}, help")


async def test_an_approval_counts_as_that_persons_and_the_audit_names_them(stage: Stage) -> None:
    number = stage.open(PLAN, len(CHAINS[PLAN].comments))
    token = stage.people.add("ada")
    await stage.look()
    answer = await stage.dashboard.facts.incident(number, token)
    assert answer.decision is not None
    assert (answer.decision.waits, answer.decision.you.may) == (True, True)

    order = NewOrder(verb="approve", incident=number, plan=answer.decision.plan)
    taken = await stage.dashboard.people.order(token, order)

    assert taken.by == "ada"
    given = await stage.orders.given(number)
    assert [(one.verb, one.plan, one.by) for one in given] == [("approve", answer.decision.plan, "operator:ada")]
    assert stage.bus.published
    audit = await Auditor(stage.incidents, stage.orders).audit(number)
    assert audit.issues[0].orders[0].by == "operator:ada"
    await stage.blocks.close()


async def test_what_cannot_be_ordered_is_refused_with_the_reason(stage: Stage) -> None:
    number = stage.open(PLAN, len(CHAINS[PLAN].comments))
    token = stage.people.add("ada")
    await stage.look()
    case = stage.watching.known().case(number)
    assert case is not None
    order = stage.dashboard.people.order

    with pytest.raises(Refused, match="needs the token of a person"):
        await order("", NewOrder(verb="approve", incident=number, plan=case.plan))
    with pytest.raises(Conflict, match="another plan by now"):
        await order(token, NewOrder(verb="approve", incident=number, plan="0" * 12))
    with pytest.raises(Missing, match="not an incident"):
        await order(token, NewOrder(verb="approve", incident=9_999, plan=case.plan))
    with pytest.raises(Malformed, match="needs `incident` and `plan`"):
        await order(token, NewOrder(verb="reject"))
    with pytest.raises(Refused, match="sre:orders"):
        await order(token, NewOrder(verb="hold", seconds=60, reason="x"))
    stage.time.time += 10**15
    with pytest.raises(Refused, match="the plan has expired"):
        await order(token, NewOrder(verb="approve", incident=number, plan=case.plan))
    assert not stage.forge.written[number][len(CHAINS[PLAN].comments) :]
    await stage.blocks.close()


async def test_a_persons_key_orders_only_what_a_person_may(stage: Stage) -> None:
    number, token = stage.open(PLAN, 2), stage.people.add("ada")
    person = await stage.people.of(token)
    assert person is not None
    for verb in VERBS:
        await stage.forge.comment(number, render_order(REPOSITORY, number, verb, "", person.signer))
    given = {one.verb for one in await stage.orders.given(number)}

    assert given == {"approve", "reject", "hold", "release", "halt", "resume"}
    assert not may_order("operator:ada", "restart")
    assert not may_order("scout", "approve")
    assert not may_order(None, "approve")
    await stage.blocks.close()


async def test_several_holds_stand_beside_each_other_and_each_is_released_by_itself(stage: Stage) -> None:
    stage.orders_issue()
    token, (first, second, *_) = stage.people.add("ada"), tuple(CONFIG.services)
    order = stage.dashboard.people.order
    one = await order(token, NewOrder(verb="hold", services=(first,), seconds=600, reason="disks"))
    two = await order(token, NewOrder(verb="hold", services=(second,), seconds=900, reason="cables"))

    holds = await stage.holds.current(fresh=True)
    assert sorted((sorted(hold.services), hold.by) for hold in holds) == sorted(
        [([first], "operator:ada"), ([second], "operator:ada")]
    )
    await order(token, NewOrder(verb="release", issue=one.issue, order=one.comment))
    assert [hold.order for hold in await stage.holds.current(fresh=True)] == [two.comment]
    await order(token, NewOrder(verb="release", issue=one.issue))
    assert not await stage.holds.current(fresh=True)
    with pytest.raises(Missing, match="holds nothing"):
        await order(token, NewOrder(verb="release", issue=one.issue))
    await stage.blocks.close()


async def test_a_halt_takes_effect_at_once_and_a_resume_only_when_it_is_recorded(stage: Stage) -> None:
    issue, token = stage.orders_issue(), stage.people.add("ada")
    order = stage.dashboard.people.order
    stage.forge.down = True
    halted = await order(token, NewOrder(verb="halt", reason="too risky"))

    assert stage.halt.halted()
    assert not halted.recorded
    with pytest.raises(Exception, match="the forge is away"):
        await order(token, NewOrder(verb="resume"))
    assert stage.halt.halted()
    stage.forge.down = False
    await order(token, NewOrder(verb="halt", reason="too risky"))
    resumed = await order(token, NewOrder(verb="resume"))
    assert not stage.halt.halted()
    assert resumed.issue == issue
    audit = await Auditor(stage.incidents, stage.orders).audit(issue)
    assert [(one.verb, one.by) for one in audit.issues[0].orders] == [
        ("halt", "operator:ada"),
        ("resume", "operator:ada"),
    ]
    await stage.blocks.close()
