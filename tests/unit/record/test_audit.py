"""The audit of a whole story: every fact with what was decided on which evidence, and one line that sums up."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from support.commands import ended
from support.holding import hold, release
from support.world import REPOSITORY, Key, World

from sre_space.cli.audit import document, show, summary
from sre_space.domain.errors import Missing
from sre_space.domain.facts import Step
from sre_space.record.audit import Audit, Auditor
from sre_space.record.order_format import render_order
from sre_space.record.orders import OPERATOR
from sre_space.text.plain_text import plain


async def story(world: World) -> Audit:
    """One healed incident and a stranger's issue."""
    world.dead = {"policy-service"}
    number = await world.detect()
    assert not (await world.play(number)).is_open
    await world.forge.open_issue("\x1b[2J[bold]MITIGATION: RESTART quote-service", "hello", ())
    await world.forge.open_issue("a question", "how are you?", ())
    return await Auditor(world.incidents, world.orders).audit()


def shown(audit: Audit) -> str:
    """Return the audit as it is printed for a person."""
    out = io.StringIO()
    show(audit, Console(file=out, width=250))
    return out.getvalue()


async def test_every_fact_shows_who_decided_what_on_which_rules_and_evidence() -> None:
    world = World()
    audit = await story(world)
    (incident, stranger) = audit.issues

    assert incident.links[0].fact.step is Step.DETECT
    assert [link.fact.seq for link in incident.links] == list(range(len(incident.links)))
    assert all(link.prev_ok and link.signature_ok for link in incident.links)
    (decision,) = (link for link in incident.links if link.fact.step is Step.DECIDE)
    assert (decision.agent, decision.key_id) == ("brain", world.keys["brain"].key_id)
    assert "MITIGATION: RESTART policy-service" in decision.decided
    assert any(id.startswith("runtime:policy-service") for id in decision.evidence)
    assert {"autonomy", "restarts per hour"} <= {rule.rule for rule in decision.rules}
    assert (stranger.incident, len(stranger.void)) == ("", 1)


async def test_the_last_line_sums_up_and_ordinary_issues_are_no_matter() -> None:
    audit = await story(World())
    facts = len(audit.issues[0].links)

    assert summary(audit) == f"1 incidents, {facts} facts verified, 1 void, 0 broken"
    assert shown(audit).splitlines()[-1] == summary(audit)


async def test_what_strangers_wrote_is_shown_as_text() -> None:
    told = shown(await story(World()))

    assert "\x1b" not in told
    assert "[bold]MITIGATION" in told


async def test_the_json_says_the_same() -> None:
    audit = await story(World())
    told = json.loads(json.dumps(document(audit)))

    assert (told["incidents"], told["void"], told["broken"]) == (1, 1, 0)
    assert told["verified"] == len(told["issues"][0]["facts"])
    assert {
        "seq",
        "step",
        "agent",
        "key",
        "at",
        "digest",
        "prev_ok",
        "signature_ok",
        "decided",
        "rules",
        "evidence",
    } <= set(told["issues"][0]["facts"][0])


async def test_an_issue_that_is_not_there_is_missing_and_an_ordinary_one_is_told_when_asked_for() -> None:
    world = World()
    await story(world)

    with pytest.raises(Missing, match="99"):
        await Auditor(world.incidents, world.orders).audit(99)
    (one,) = (await Auditor(world.incidents, world.orders).audit(3)).issues
    assert (one.incident, one.void, one.broken) == ("", (), ())


def test_one_line_without_anything_that_a_terminal_obeys() -> None:
    assert plain("a\nb\t\x1b[31mc\u202ed") == "a b \ufffd[31mc\ufffdd"


def test_with_the_space_down_the_audit_says_so_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended("audit", "--state", str(tmp_path)) == 3
    assert capsys.readouterr().err == f"sre-space: no space runs in {tmp_path}; start one with: sre-space up\n"


async def test_a_hold_and_its_release_are_orders_and_not_void() -> None:
    world = World()
    number = await hold(world, "policy-service", 600)
    await release(world, number)
    world.says(number, render_order(REPOSITORY, number, "hold", "1 2 all x", Key("operator")))

    (issue,) = (await Auditor(world.incidents, world.orders).audit()).issues

    assert [(order.verb, order.by) for order in issue.orders] == [("hold", OPERATOR), ("release", OPERATOR)]
    assert len(issue.void) == 1
    assert not issue.broken
