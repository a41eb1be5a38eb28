"""A Fixer that is killed in the middle: the next one finishes what was begun, once, and records who allowed it."""

from dataclasses import dataclass

import pytest
from support.git_world import Killed
from support.world import QUOTE_FILE, Fault, World, diagnosis

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.errors import Refused
from sre_space.domain.facts import Action, ActionResult, Agent
from sre_space.domain.space_config import Autonomy
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.gitops import Checks
from sre_space.ports.runtime import Unit

FILLS = Fault(SymptomKind.SATURATION, "policy-service", lambda _: True)
RED = Fault(SymptomKind.ERROR, "quote-service", lambda values: int(values["ONLINE_LIMIT"]) < 10_000)


@dataclass
class StopsFirst(World):
    """Its runtime stops a hanging policy-service before it starts it; Fixer is killed in between, once."""

    stopped: bool = False
    kills: bool = True

    async def unit(self, name: str) -> Unit:
        """One that was stopped on an order has another life, and is down."""
        if name != "policy-service":
            return await super().unit(name)
        life = self.starts[name]
        if self.stopped:
            return Unit(name, "stopped", f"ended:{life}", None, 0, 0)
        return Unit(name, "running", f"{life}:running", 1, 0, None)

    async def restart(self, name: str, expected: str) -> Unit:
        """In two halves."""
        if (await self.unit(name)).incarnation != expected:
            raise Refused("another life; nothing was changed")
        self.stopped = True
        if self.kills:
            self.kills = False
            raise Killed("restart")
        self.restarts.append((name, expected))
        self.stopped = False
        self.starts[name] += 1
        self.dead.discard(name)
        return await self.unit(name)


@dataclass
class DiesAfterwards(World):
    """Fixer is killed after the restart and before its record, once."""

    kills: bool = True

    async def restart(self, name: str, expected: str) -> Unit:
        """Done, and not told."""
        unit = await super().restart(name, expected)
        if self.kills:
            self.kills = False
            raise Killed("restart")
        return unit


async def killed(world: World, number: int) -> None:
    """Fixer dies at its work; another one is started."""
    with pytest.raises(Killed):
        await world.play(number, 300)
    world.runners[Agent.FIXER] = world.runner(Agent.FIXER)


async def left_stopped() -> tuple[StopsFirst, int]:
    """Kill Fixer between the stop and the start of a hanging service; return the world and the issue's number."""
    world = StopsFirst()
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.HANG)
    number = await world.detect()
    await killed(world, number)
    return world, number


def action(case: Case) -> Action:
    """Return the first action of the case."""
    return next(payload for payload in case.payloads if isinstance(payload, Action))


@pytest.mark.parametrize("waits_s", [0, 61])
async def test_a_unit_that_was_stopped_for_a_restart_is_started_however_late(waits_s: int) -> None:
    world, number = await left_stopped()
    await world.clock.sleep(waits_s)

    case = await world.play(number, 300)

    assert action(case).result is ActionResult.DONE
    assert "was stopped for a restart and is started again" in action(case).detail
    assert len(world.restarts) == 1
    assert case.recovered


async def test_while_halted_it_stays_stopped() -> None:
    world, number = await left_stopped()
    world.halted_now = True

    case = await world.play(number, 40)

    assert case.latest(Action) is None
    assert not world.restarts


async def test_a_person_who_says_stop_is_obeyed_also_in_between() -> None:
    world, number = await left_stopped()
    world.says(number, "/sre stop")

    case = await world.play(number, 40)

    assert action(case).result is ActionResult.ESCALATED
    assert not world.restarts


@pytest.mark.parametrize("kind", [CauseKind.CRASH, CauseKind.SATURATION])
async def test_a_restart_that_was_done_is_recorded_after_its_decision_has_expired_and_not_done_again(
    kind: CauseKind,
) -> None:
    world = DiesAfterwards()
    world.diagnoses = lambda _: diagnosis("policy-service", kind)
    if kind is CauseKind.CRASH:
        world.dead = {"policy-service"}
        number = await world.detect()
    else:
        world.faults = [FILLS]
        await world.clock.sleep(1)
        number = await world.report(SymptomKind.SATURATION, "policy-service")
    await killed(world, number)
    await world.clock.sleep(61)

    case = await world.play(number, 8)

    assert action(case).result is ActionResult.ALREADY_CHANGED
    assert action(case).guardrails
    assert len(world.restarts) == 1


async def bad_change(world: World) -> int:
    """Break the journey with a commit, open an incident for it, and return the issue's number."""
    guilty = world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500")
    world.faults = [RED]
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    for _ in range(40):
        await world.clock.sleep(0.25)
    return await world.report(SymptomKind.ERROR, "quote-service")


async def test_what_was_merged_and_not_recorded_names_its_rules_and_who_approved_it() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    number = await bad_change(world)
    case = await world.play(number, 30)
    world.says(number, f"/sre approve {case.plan}")
    world.git.dies_after = "squash"
    await killed(world, number)

    case = await world.play(number, 300)

    rules = [answer.rule for answer in action(case).guardrails]
    assert action(case).result is ActionResult.DONE
    assert "protected keys" in rules
    assert rules.count("approval") == 1


async def test_a_person_who_says_stop_finds_no_open_pull_request_afterwards() -> None:
    world = World()
    number = await bad_change(world)
    world.git.checks_say = Checks("pending", "validate-config")
    await world.play(number, 20)
    assert [pull.state for pull in world.git.requests.values()] == ["open"]
    world.says(number, "/sre stop")

    case = await world.play(number, 100)

    assert action(case).result is ActionResult.ESCALATED
    assert [(pull.state, pull.merged) for pull in world.git.requests.values()] == [("closed", False)]
