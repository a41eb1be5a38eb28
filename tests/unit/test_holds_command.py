"""`sre-space hold`, `holds` and `release`, and what `status` says of them."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands import ended
from support.onlooker import operator
from support.world import SECOND, World

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.bootstrap.operator import Operator
from sre_space.cli.holds import end, listed, place
from sre_space.cli.status import document
from sre_space.cli.views import space_summary
from sre_space.domain.errors import Malformed, Missing, Unavailable
from sre_space.domain.facts import Agent
from sre_space.domain.labels import HOLD
from sre_space.domain.space_config import Maintenance
from sre_space.domain.windows import WeeklyWindow

HOUR_S = 3600


def here(folder: Path, world: World) -> Operator:
    """Return an operator whose key the world's agents trust."""
    person = operator(world, folder)
    world.trust.older = TrustFolder(folder / "trust")
    return person


def world_now() -> World:
    """Return a world whose clock is a minute behind this machine's."""
    return World(begun=time.time_ns() - 60 * SECOND)


async def test_a_hold_is_placed_listed_shown_and_released(tmp_path: Path) -> None:
    world = world_now()
    person = here(tmp_path, world)

    told = await place(person, "policy-service", 2 * HOUR_S, "new disks")

    assert told.startswith("policy-service: held until ")
    assert told.endswith("by operator (issue 1): `new disks`; it ends earlier with: sre-space release 1")
    (issue,) = await world.forge.issues()
    assert (issue.labels, issue.title[:30]) == ((HOLD,), "[HOLD] policy-service until 20")
    (line,) = await listed(person)
    assert told.startswith(line)
    assert (await space_summary(person)).endswith(line)
    (held,) = json.loads(json.dumps(await document(person)))["holds"]
    assert (held["services"], held["reason"], held["issue"]) == (["policy-service"], "new disks", 1)
    assert held["until"] - held["since"] == 2 * HOUR_S * SECOND
    assert [hold.issue for hold in await world.holds(Agent.FIXER).current()] == [1]

    assert await end(person, "") == "released: issue 1"
    assert await listed(person) == ["nothing is held"]
    assert (await world.forge.issue(1)).state == "closed"
    assert not await world.holds(Agent.FIXER).current(fresh=True)


async def test_an_incident_that_waits_says_so_until_when(tmp_path: Path) -> None:
    world = world_now()
    person = here(tmp_path, world)
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await place(person, "all", HOUR_S, "new disks")

    (incident,) = json.loads(json.dumps(await document(person)))["incidents"]

    assert incident["waits_for"].startswith("the end of a hold (issue 2), 20")
    assert incident["waits_for"].endswith(" UTC, then brain: decide")


async def test_a_service_that_does_not_exist_is_one_sentence_and_opens_nothing(tmp_path: Path) -> None:
    world = world_now()

    with pytest.raises(Malformed, match=r"no service 'polcy'; there are: quote-service, .*, or all"):
        await place(here(tmp_path, world), "polcy", HOUR_S, "new disks")

    assert not await world.forge.issues()


async def test_without_the_key_nothing_is_opened(tmp_path: Path) -> None:
    world = world_now()

    with pytest.raises(Malformed, match=r"operator\.key"):
        await place(replace(here(tmp_path, world), key=None), "all", HOUR_S, "new disks")

    assert not await world.forge.issues()


async def test_a_hold_that_could_not_be_signed_is_no_hold_and_says_so(tmp_path: Path) -> None:
    world = world_now()
    person = here(tmp_path, world)
    calls = iter([False, True])
    world.forge.fails = lambda: next(calls, False)

    with pytest.raises(Unavailable, match="NOT held: issue 1 was opened"):
        await place(person, "all", HOUR_S, "new disks")

    assert await listed(person) == ["issue 1 holds nothing: nobody with the operator's key has signed a hold on it"]
    assert await end(person, "1") == "released: issue 1"


async def test_of_several_holds_one_is_named_or_all(tmp_path: Path) -> None:
    world = world_now()
    person = here(tmp_path, world)
    for service in ("policy-service", "user-service", "all"):
        await place(person, service, HOUR_S, "new disks")

    with pytest.raises(Malformed, match="there are holds on the issues 1, 2, 3; name one, or all"):
        await end(person, "")
    with pytest.raises(Missing, match="issue 9 holds nothing"):
        await end(person, "9")
    with pytest.raises(Malformed, match="'policy-service' is not the number of an issue"):
        await end(person, "policy-service")
    assert await end(person, "2") == "released: issue 2"
    assert await end(person, "all") == "released: issue 1, 3"
    assert await end(person, "") == "nothing is held"


async def test_the_label_of_an_incident_is_removed_and_the_incident_stays(tmp_path: Path) -> None:
    world = world_now()
    person = here(tmp_path, world)
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.forge.set_labels(number, (*(await world.case(number)).labels, HOLD))
    (line,) = await listed(person)
    assert line.startswith("policy-service: held until ")
    assert line.endswith(f"by a person (incident {number}): `the label sre:hold`")

    assert await end(person, "") == f"released: issue {number}"

    case = await world.case(number)
    assert (case.is_open, HOLD in case.labels) == (True, False)


async def test_a_maintenance_window_is_listed_and_only_the_configuration_ends_it(tmp_path: Path) -> None:
    world = world_now()
    always = Maintenance(("user-service",), WeeklyWindow(tuple(range(7)), 0, 86_400), "vacuum")
    person = here(tmp_path, World(begun=time.time_ns(), configured=replace(world.config, maintenance=(always,))))

    (line,) = await listed(person)

    assert line.endswith("by the configuration (a maintenance window): `vacuum`")
    assert (await end(person, "all")).endswith(f"still: {line}, which only the configuration ends")


@pytest.mark.parametrize("length", ["0h", "25h", "1000h", "2d", "two hours", "-1h", "1.5h", "2", "h"])
def test_a_length_that_is_none_or_over_a_day_is_usage(capsys: pytest.CaptureFixture[str], length: str) -> None:
    assert ended("hold", "all", "--for", length, "--reason", "x") == 2
    assert "is not from 1m to 24h" in capsys.readouterr().err
