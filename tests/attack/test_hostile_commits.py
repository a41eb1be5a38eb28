"""Commits that want more than configuration to be changed by their revert: none is taken back by the agents."""

import pytest
from support.world import DESIRED, QUOTE_FILE, Fault, World, diagnosis

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Decision
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.remedies import Escalate
from sre_space.domain.symptoms import SymptomKind

CONFIG = {QUOTE_FILE: DESIRED[QUOTE_FILE].replace("ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500").encode()}


async def after(world: World, files: dict[str, bytes]) -> Case:
    """Return the incident that a commit of these files is blamed for, once the agents have done what they could."""
    head = world.git.heads["main"]
    tree = {**world.git.main(), **files}
    guilty = world.git.heads["main"] = world.git._store("Tune", tree, (head,))
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    world.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda values: values["ONLINE_LIMIT"] == "2500")]
    for _ in range(40):
        await world.clock.sleep(0.25)
    return await world.play(await world.report(SymptomKind.ERROR, "quote-service"), 40)


OUTSIDE = ["src/quotes.py", "deploy/config/../../src/evil.py", "deploy/config/nested/x.env", ".github/workflows/ci.yml"]


@pytest.mark.parametrize("path", OUTSIDE)
async def test_a_commit_that_mixes_configuration_with_anything_else_is_left_to_a_person(path: str) -> None:
    world = World()
    before = dict(world.git.main())

    case = await after(world, {**CONFIG, path: b"import os\n"})

    decision = case.latest(Decision)
    assert decision is not None
    assert isinstance(decision.remedy, Escalate)
    assert "changes more than desired state" in decision.remedy.reason
    assert NEEDS_HUMAN in case.labels
    assert world.git.main() == {**before, **CONFIG, path: b"import os\n"}
    assert not await world.git.pulls("all")


async def test_a_commit_of_configuration_alone_is_taken_back() -> None:
    world = World()

    case = await after(world, CONFIG)

    decision = case.latest(Decision)
    assert decision is not None
    assert decision.remedy.command.startswith("MITIGATION: PR REVERT quote-service")
