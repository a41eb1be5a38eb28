"""The ladder as stories on virtual time: what each cause is answered with, what is undone, what is left alone."""

from dataclasses import replace

import pytest
from support.git_world import Killed
from support.world import DESIRED, QUOTE_FILE, Fault, World, diagnosis

from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.domain.case import Case
from sre_space.domain.configuration import SPACE_FILE
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, Agent, Decision, Outcome, Step, Undo, Verification
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.remedies import RemedyKind
from sre_space.domain.space_config import Guardrails
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.gitops import Checks

RED = Fault(SymptomKind.ERROR, "quote-service", lambda values: int(values["ONLINE_LIMIT"]) < 10_000)
"""The journey fails while a limit such as a bad commit sets it is in force."""


def tried(case: Case) -> list[str]:
    """Return the actions and undos in order, each as `remedy: result`, with `undo` before an undo."""
    return [
        f"{'undo ' if isinstance(payload, Undo) else ''}{payload.remedy.name}: {payload.result}"
        for payload in case.payloads
        if isinstance(payload, Action | Undo)
    ]


def verdicts(case: Case) -> list[Outcome]:
    """Return the outcomes that Scout measured, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


def main(world: World, path: str = QUOTE_FILE) -> str:
    """Return the text of a file on main."""
    return world.git.main()[path].decode()


async def bad_change(world: World, innocent: int = 0) -> tuple[int, str]:
    """Break the journey by a commit, add `innocent` others, and return the issue's number and the breaking commit."""
    guilty = world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500")
    for number in range(innocent):
        world.git.person_commits(SPACE_FILE, f"MEMORY_BYTES={400 + number}", f"MEMORY_BYTES={401 + number}")
    world.faults = [RED]
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    for _ in range(40):
        await world.clock.sleep(0.25)
    return await world.report(SymptomKind.ERROR, "quote-service"), guilty


@pytest.mark.parametrize("kind", [CauseKind.CRASH, CauseKind.HANG])
async def test_a_dead_or_hanging_service_is_restarted(kind: CauseKind) -> None:
    world = World()
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", kind)

    case = await world.play(await world.detect())

    assert tried(case) == ["RESTART policy-service: done"]
    assert case.recovered
    assert world.git.requests == {}


@pytest.mark.parametrize("innocent", [0, 3])
async def test_a_bad_change_is_reverted_and_only_that_one(innocent: int) -> None:
    world = World()
    number, guilty = await bad_change(world, innocent)

    case = await world.play(number, 300)

    assert tried(case) == ["PR REVERT quote-service: done"]
    assert case.recovered
    assert main(world) == DESIRED[QUOTE_FILE]
    assert f"MEMORY_BYTES={400 + innocent}\n" in main(world, SPACE_FILE)
    decision = case.latest(Decision)
    assert decision is not None
    assert guilty[:12] in decision.remedy.command
    assert decision.remedy.command.startswith("MITIGATION: PR REVERT quote-service: ONLINE_LIMIT 2500 -> 250000")


async def test_a_change_whose_key_was_changed_again_is_left_to_a_person() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=2500", "ONLINE_LIMIT=2600")

    case = await world.play(number, 30)

    decision = case.latest(Decision)
    assert decision is not None
    assert decision.remedy.kind is RemedyKind.ESCALATE
    assert "ONLINE_LIMIT was changed again" in decision.remedy.reason
    assert NEEDS_HUMAN in case.labels


async def test_a_pull_request_tells_diagnosis_diff_effect_and_the_way_back() -> None:
    world = World()
    number, _ = await bad_change(world)
    await world.play(number, 300)

    (pull,) = world.git.requests.values()
    for told in ("## Diagnosis", "quote-service did it", "+deploy/config/quote-service.env: ONLINE_LIMIT=250000"):
        assert told in pull.body
    assert "## Rollback\nThe inverse change: ONLINE_LIMIT 250000 -> 2500" in pull.body
    assert pull.head.startswith(f"sre/inc-{number}-")
    assert pull.merged


async def test_memory_that_runs_out_is_answered_with_a_restart_and_within_the_hour_with_a_higher_limit() -> None:
    world = World()
    filling = Fault(SymptomKind.SATURATION, "policy-service", lambda _: world.starts["policy-service"] == 1)
    world.faults = [filling]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SATURATION)
    first = await world.play(await world.report(SymptomKind.SATURATION, "policy-service"), 200)
    assert tried(first) == ["RESTART policy-service: done"]
    assert first.recovered
    await world.clock.sleep(600)

    small = Fault(SymptomKind.SATURATION, "policy-service", lambda v: v["POLICY_SERVICE_MEMORY_BYTES"] == "400")
    world.faults = [small]
    second = await world.play(await world.report(SymptomKind.SATURATION, "policy-service"), 200)

    assert tried(second) == ["PR SET policy-service POLICY_SERVICE_MEMORY_BYTES: done"]
    assert second.recovered
    assert "POLICY_SERVICE_MEMORY_BYTES=600\n" in main(world, SPACE_FILE)
    (follow_up,) = [issue for issue in world.forge.found if issue.title.startswith("[FOLLOW-UP]")]
    assert follow_up.state == "open"
    assert "Find what leaks memory." in follow_up.body

    world.forge.found[follow_up.number - 1] = replace(follow_up, author="mallory")  # a stranger's does not count
    for _ in range(2):
        await FollowUps(world.forge).open_missing(second)
    assert [one.author for one in world.forge.found if one.title == follow_up.title] == ["mallory", "sre"]


async def test_a_slow_network_is_not_restarted_away_but_worked_around_and_the_rest_is_asked_of_a_person() -> None:
    world = World()
    slow = True
    world.faults = [
        Fault(
            SymptomKind.LATENCY, "policy-service", lambda _: slow,
            lambda values: 0.0 if values.get("RISK_FALLBACK") == "standard" else 0.8,
        )
    ]  # fmt: skip
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SLOW_NETWORK)
    for _ in range(40):
        await world.clock.sleep(0.25)

    number = await world.report(SymptomKind.LATENCY, "policy-service")
    case = await world.play(number, 300)

    assert tried(case) == ["PR SET quote-service RISK_FALLBACK: done", "ESCALATE: escalated"]
    assert verdicts(case) == [Outcome.IMPROVED]
    assert "RISK_FALLBACK=standard\n" in main(world)
    assert NEEDS_HUMAN in case.labels
    assert world.starts["policy-service"] == 1
    slow = False  # a person mends the way
    case = await world.play(number, 300)
    assert not case.is_open
    assert case.recovered


async def test_errors_of_a_dependency_are_answered_by_asking_again() -> None:
    world = World()
    world.faults = [
        Fault(
            SymptomKind.ERROR, "policy-service", lambda _: True,
            lambda values: 0.3 ** int(values["DOWNSTREAM_ATTEMPTS"]),
        )
    ]  # fmt: skip
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    for _ in range(80):
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service"), 300)

    assert tried(case) == ["PR SET quote-service DOWNSTREAM_ATTEMPTS: done", "ESCALATE: escalated"]
    assert verdicts(case) == [Outcome.IMPROVED]
    assert main(world) == DESIRED[QUOTE_FILE].replace("ATTEMPTS=1", "ATTEMPTS=5")
    assert "which stays" in case.trials[-1].action.detail


async def test_a_quota_that_is_used_up_is_not_answered_with_memory() -> None:
    world = World()
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True, lambda _: 0.3)]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SATURATION)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service"), 20)

    assert tried(case)[0] == "PR SET quote-service DOWNSTREAM_ATTEMPTS: done"
    assert world.starts["policy-service"] == 1
    assert main(world, SPACE_FILE) == DESIRED[SPACE_FILE]


async def test_more_customers_than_one_service_can_serve_are_told_to_a_person_with_the_reason() -> None:
    world = World()
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.TRAFFIC)
    world.faults = [Fault(SymptomKind.LATENCY, "quote-service", lambda _: True)]

    case = await world.play(await world.report(SymptomKind.LATENCY, "quote-service"), 20)

    assert tried(case) == ["ESCALATE: escalated"]
    assert "the runtime cannot run more than one quote-service" in case.trials[0].action.detail


async def test_where_a_restart_does_not_help_the_guilty_change_is_reverted_and_what_is_down_is_started() -> None:
    world = World()
    guilty = world.git.person_commits(SPACE_FILE, "MEMORY_BYTES=400", "MEMORY_BYTES=40")
    world.doomed = {"policy-service": lambda values: values["POLICY_SERVICE_MEMORY_BYTES"] == "40"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH, guilty)

    case = await world.play(await world.detect(), 400)

    assert tried(case) == ["RESTART policy-service: done", "PR REVERT policy-service: done"]
    assert verdicts(case) == [Outcome.NOT_RECOVERED, Outcome.RECOVERED]
    assert not case.is_open
    assert world.starts["policy-service"] == 3


async def test_a_commit_is_reverted_under_the_name_of_whom_it_configured() -> None:
    world = World()
    number, guilty = await bad_change(world)
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.BAD_CHANGE, guilty)

    assert tried(await world.play(number, 400)) == ["PR REVERT quote-service: done"]
    assert world.starts["policy-service"] == 1


async def test_a_change_that_does_not_help_is_taken_back_and_not_tried_again() -> None:
    world = World()
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True, lambda _: 0.3)]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    for _ in range(40):
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service"), 400)

    name = "PR SET quote-service DOWNSTREAM_ATTEMPTS"
    assert tried(case) == [f"{name}: done", f"undo {name}: done", "ESCALATE: escalated"]
    assert verdicts(case) == [Outcome.NOT_RECOVERED, Outcome.NOT_RECOVERED]
    assert main(world) == DESIRED[QUOTE_FILE]
    assert f"tried without success: {name}" in case.trials[-1].action.detail
    assert [one.merged for one in world.git.requests.values()] == [True, True]


async def test_the_revert_of_an_innocent_commit_does_not_rule_out_that_of_the_guilty_one() -> None:
    world = World()
    innocent = world.git.person_commits(QUOTE_FILE, "ATTEMPTS=1\n", "ATTEMPTS=2\n")
    number, guilty = await bad_change(world)
    blamed = iter((innocent, guilty))
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, next(blamed))

    case = await world.play(number, 400)

    name = "PR REVERT quote-service"
    assert tried(case) == [f"{name}: done", f"undo {name}: done", f"{name}: done"]
    assert case.recovered
    assert main(world) == DESIRED[QUOTE_FILE].replace("ATTEMPTS=1\n", "ATTEMPTS=2\n")


async def test_what_an_earlier_change_eased_is_no_merit_of_a_later_one() -> None:
    world = World()
    world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT", "RISK_FALLBACK=none\nONLINE_LIMIT")
    world.faults = [
        Fault(
            SymptomKind.ERROR, "policy-service", lambda _: True,
            lambda values: 0.3 if values["RISK_FALLBACK"] == "standard" else 0.9,
        )
    ]  # fmt: skip
    kinds = {1: CauseKind.SLOW_NETWORK}
    world.diagnoses = lambda case: diagnosis("policy-service", kinds.get(len(case.chain) - 1, CauseKind.ERROR))
    for _ in range(80):
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service"), 600)

    eases, does_nothing = "PR SET quote-service RISK_FALLBACK", "PR SET quote-service DOWNSTREAM_ATTEMPTS"
    assert tried(case)[:3] == [f"{eases}: done", f"{does_nothing}: done", f"undo {does_nothing}: done"]
    assert verdicts(case)[:2] == [Outcome.IMPROVED, Outcome.NOT_RECOVERED]
    assert "RISK_FALLBACK=standard" in main(world)
    assert "DOWNSTREAM_ATTEMPTS=1" in main(world)


async def test_a_change_that_makes_it_worse_is_taken_back() -> None:
    world = World()
    world.faults = [
        Fault(
            SymptomKind.ERROR, "policy-service", lambda _: True,
            lambda values: 1.0 if values["DOWNSTREAM_ATTEMPTS"] == "5" else 0.3,
        )
    ]  # fmt: skip
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    for _ in range(80):
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service"), 400)

    assert verdicts(case) == [Outcome.WORSE, Outcome.NOT_RECOVERED]
    assert main(world) == DESIRED[QUOTE_FILE]
    assert NEEDS_HUMAN in case.labels


async def test_a_symptom_that_is_dated_too_early_does_not_make_a_remedy_look_worse() -> None:
    world = World()
    for _ in range(80):
        await world.clock.sleep(0.25)
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True, lambda _: 1.0)]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    for _ in range(12):  # the report dates it five seconds back
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service", 1.0), 400)

    assert verdicts(case)[0] is Outcome.NOT_RECOVERED


async def test_a_service_that_dies_of_a_remedy_is_not_waited_for() -> None:
    world = World()
    filling = Fault(SymptomKind.ERROR, "quote-service", lambda _: "quote-service" not in world.dead)
    world.faults = [filling]
    world.doomed = {"quote-service": lambda values: values.get("DOWNSTREAM_ATTEMPTS") == "5"}
    world.diagnoses = lambda case: None if world.dead else diagnosis("policy-service", CauseKind.ERROR)
    number = await world.report(SymptomKind.ERROR, "quote-service")

    case = await world.play(number, 300)

    assert tried(case)[0] == "PR SET quote-service DOWNSTREAM_ATTEMPTS: done"
    first = next(one for one in case.chain if one.fact.step is Step.VERIFY)
    acted = next(one for one in case.chain if one.fact.step is Step.ACT)
    assert verdicts(case)[0] is Outcome.WORSE
    assert first.fact.at - acted.fact.at < 10 * 10**9
    assert "undo PR SET quote-service DOWNSTREAM_ATTEMPTS: done" in tried(case)


async def test_a_way_back_that_is_barred_is_told_to_a_person() -> None:
    world = World()
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True, lambda _: 0.3)]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    number = await world.report(SymptomKind.ERROR, "policy-service")
    while (await world.case(number)).fact_of(Step.ACT) is None:
        await world.turn(number)
        await world.clock.sleep(0.25)
    world.git.person_commits(QUOTE_FILE, "ATTEMPTS=5", "ATTEMPTS=2")

    case = await world.play(number, 400)

    assert next(one for one in tried(case) if one.startswith("undo")).endswith("failed")
    assert "could not be undone" in case.trials[-1].action.detail
    assert "ATTEMPTS=2\n" in main(world)


@pytest.mark.parametrize("call", ["create_branch", "commit_files", "open_pull", "squash"])
async def test_a_fixer_that_is_killed_anywhere_makes_nothing_twice(call: str) -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.dies_after = call
    with pytest.raises(Killed):
        await world.play(number, 300)
    world.runners[Agent.FIXER] = world.runner(Agent.FIXER)

    case = await world.play(number, 300)

    assert tried(case) == ["PR REVERT quote-service: done"]
    assert case.recovered
    assert [world.git.log.count(one) for one in ("create_branch", "commit_files", "open_pull")] == [1, 1, 1]
    assert len(world.git.requests) == 1
    assert main(world) == DESIRED[QUOTE_FILE]


async def test_a_conflict_is_answered_with_a_new_branch_on_the_new_base() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.before_squash = lambda: world.git.person_commits(QUOTE_FILE, "ATTEMPTS=1\n", "ATTEMPTS=1\nNEW=1\n")

    case = await world.play(number, 300)

    assert tried(case) == ["PR REVERT quote-service: done"]
    first, second = world.git.requests.values()
    assert second.head == f"{first.head}-2"
    assert (first.state, first.merged, second.merged) == ("closed", False, True)
    assert main(world) == DESIRED[QUOTE_FILE].replace("ATTEMPTS=1\n", "ATTEMPTS=1\nNEW=1\n")


async def test_a_key_that_somebody_changed_while_its_pull_request_was_open_is_decided_anew() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.before_squash = lambda: world.git.person_commits(QUOTE_FILE, "LIMIT=2500", "LIMIT=99")

    case = await world.play(number, 300)

    assert tried(case)[0] == "PR REVERT quote-service: refused"
    assert "desired state has moved" in case.trials[0].action.detail
    assert "ONLINE_LIMIT=99\n" in main(world)
    assert all(one.state == "closed" for one in world.git.requests.values())


async def test_a_failing_check_keeps_the_change_out_and_the_pull_request_is_closed() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.checks_say = Checks("failure", "validate-config: line 3")

    case = await world.play(number, 60)

    assert tried(case) == ["PR REVERT quote-service: failed", "ESCALATE: escalated"]
    assert "validate-config: line 3" in case.trials[0].action.detail
    assert "ONLINE_LIMIT=2500\n" in main(world)
    assert [one.state for one in world.git.requests.values()] == ["closed"]
    assert list(world.git.heads) == ["main"]


async def test_checks_that_run_are_waited_for() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.checks_say = Checks("pending", "validate-config")
    assert tried(await world.play(number, 40)) == []
    world.git.checks_say = Checks("success", "")

    case = await world.play(number, 300)

    assert tried(case) == ["PR REVERT quote-service: done"]


async def test_a_refused_merge_is_told_to_a_person() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.refuse = "a review is required"

    case = await world.play(number, 60)

    assert "may not be merged: a review is required" in case.trials[0].action.detail
    assert NEEDS_HUMAN in case.labels


async def test_a_pull_request_into_which_somebody_slipped_another_change_is_not_merged() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.checks_say = Checks("pending", "validate-config")
    await world.play(number, 20)
    (pull,) = world.git.requests.values()
    text = main(world).replace("LIMIT=2500", "LIMIT=250000").replace("ATTEMPTS=1", "ATTEMPTS=6")
    await world.git.commit_files(pull.head, {QUOTE_FILE: text}, "and one more thing", pull.head_sha)
    world.git.checks_say = Checks("success", "")

    case = await world.play(number, 60)

    assert tried(case)[0] == "PR REVERT quote-service: failed"
    assert "another change than the decided one" in case.trials[0].action.detail
    assert "ATTEMPTS=1\n" in main(world)


async def test_while_halted_nothing_is_merged_even_when_everything_else_is_ready() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.git.checks_say = Checks("pending", "validate-config")
    await world.play(number, 20)
    world.git.checks_say, world.halted_now = Checks("success", ""), True

    await world.play(number, 60)
    assert "ONLINE_LIMIT=2500\n" in main(world)
    world.halted_now = False
    assert tried(await world.play(number, 300)) == ["PR REVERT quote-service: done"]


async def test_a_deployment_that_never_comes_is_verified_not_recovered_and_the_change_is_taken_back() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.deployer = False

    case = await world.play(number, 900)

    assert tried(case)[:2] == ["PR REVERT quote-service: done", "undo PR REVERT quote-service: done"]
    assert "not in force yet" in case.trials[0].action.after
    assert "ONLINE_LIMIT=2500\n" in main(world)


async def test_a_key_that_the_doctor_changed_and_took_back_today_is_frozen() -> None:
    world = World()
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True, lambda _: 0.3)]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    first = await world.report(SymptomKind.ERROR, "policy-service")
    await world.play(first, 400)
    await world.forge.close_issue(first)
    world.detectors.open_incidents.refresh([], world.clock.now())
    await world.clock.sleep(3600)

    case = await world.play(await world.report(SymptomKind.ERROR, "policy-service"), 60)

    assert tried(case) == ["ESCALATE: escalated"]
    assert "rule `frozen keys`" in case.trials[0].action.detail


async def test_two_incidents_on_two_services_heal_side_by_side() -> None:
    world = World()
    number, _ = await bad_change(world)
    world.dead = {"policy-service"}
    script = world.diagnoses
    await world.clock.sleep(0.25)
    other = await world.report(SymptomKind.INFRASTRUCTURE, "policy-service")
    world.diagnoses = lambda case: script(case) if case.issue == number else None

    for _ in range(400):
        await world.turn(number)
        await world.turn(other)
        await world.clock.sleep(0.25)
    one, two = await world.case(number), await world.case(other)

    assert (tried(one), tried(two)) == (["PR REVERT quote-service: done"], ["RESTART policy-service: done"])
    assert not one.is_open
    assert not two.is_open


async def test_what_failed_before_is_tried_last() -> None:
    world = World()
    world.guardrails = Guardrails(("restart", "set-config"), 9, 0.0, 2, 3)
    world.faults = [
        Fault(SymptomKind.SATURATION, "policy-service", lambda v: v["POLICY_SERVICE_MEMORY_BYTES"] == "400")
    ]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SATURATION)
    first = await world.play(await world.report(SymptomKind.SATURATION, "policy-service"), 300)
    assert tried(first) == [
        "RESTART policy-service: done",
        "PR SET policy-service POLICY_SERVICE_MEMORY_BYTES: done",
    ]
    await world.clock.sleep(7200)
    world.faults = [
        Fault(SymptomKind.SATURATION, "policy-service", lambda v: v["POLICY_SERVICE_MEMORY_BYTES"] == "600")
    ]

    second = await world.play(await world.report(SymptomKind.SATURATION, "policy-service"), 300)

    assert tried(second) == ["PR SET policy-service POLICY_SERVICE_MEMORY_BYTES: done"]
