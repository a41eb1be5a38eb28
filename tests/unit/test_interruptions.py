"""The kill suite itself: every moment meets every victim, what is drawn is of the whole, and stages are recognised."""

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest
from support.interruptions import (
    ACTOR,
    DEPLOYER,
    LASTING,
    WHO_SUFFERS,
    Deed,
    Interruption,
    Moment,
    adversities,
    in_stages,
    matrix,
    pairs,
)
from support.stages import Change, Stage

from sre_space.domain.facts import Step

MOMENTS = [*(Moment(step) for step in Step), *(Moment(Step.ACT, stage=stage) for stage in Stage)]
GOOD, BAD = {"a.env": "POOL=5\n"}, {"a.env": "POOL=500\n"}
BRANCH = "refs/heads/sre/inc-7-20261125T100000Z"


def test_every_moment_meets_every_victim_and_every_pair() -> None:
    whole = matrix(1, MOMENTS)

    for moment in MOMENTS:
        met = {one.victims for one in whole if one.moment == moment}
        count = len(moment.victims)
        assert {(victim,) for victim in moment.victims} <= met
        assert len(met) == count + count * (count - 1) // 2


def test_who_deploys_is_killed_from_the_merge_on() -> None:
    whole = matrix(1, MOMENTS, drawn=2)

    assert {one.moment.stage for one in whole if DEPLOYER in one.victims} == {Stage.MERGED, Stage.DEPLOYING}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_drawn_is_of_the_whole_and_again_the_same(seed: int) -> None:
    whole = matrix(seed, MOMENTS, drawn=2)
    some, staged = pairs(seed, whole, 3), in_stages(seed, whole, 3)

    assert whole == matrix(seed, MOMENTS, drawn=2)
    assert {*some, *staged} <= {*whole}
    assert [len(one.victims) for one in some] == [2, 2, 2]
    assert all(one.moment.stage for one in staged)
    assert (some, staged) == (pairs(seed, whole, 3), in_stages(seed, whole, 3))


def test_a_moment_has_its_place_in_the_story_and_its_actor() -> None:
    story = (Step.DETECT, Step.DECIDE, Step.ACT, Step.VERIFY, Step.UNDO, Step.VERIFY, Step.DECIDE)

    assert Moment(Step.DECIDE, 2).place(story) == 6
    assert Interruption(Moment(Step.UNDO), (ACTOR, "bus"), 0.0).units == ("fixer", "bus")
    assert str(Moment(Step.UNDO, stage=Stage.PULL)) == "undo, pull request opened"
    assert str(Moment(Step.DECIDE, 2)) == "decide 2"


class Forge:
    """A repository as the forge leaves it, and what is in force."""

    def __init__(self, folder: Path) -> None:
        self.repository = pygit2.init_repository(str(folder / "git"), bare=True)
        self.deployed = folder / "deployed"
        self.deployed.mkdir()
        self.main = self.commit(BAD)
        self.name("refs/heads/main", self.main)
        self.deploy(BAD)

    def commit(self, files: Mapping[str, str], *parents: pygit2.Oid, message: str = "m") -> pygit2.Oid:
        """Create a commit of these files of desired state and return its id."""
        index = pygit2.Index()
        for name, text in files.items():
            blob = self.repository.create_blob(text.encode())
            index.add(pygit2.IndexEntry(f"deploy/config/{name}", blob, pygit2.enums.FileMode.BLOB))
        who = pygit2.Signature("t", "t@t", 1_700_000_000, 0)
        return self.repository.create_commit(None, who, who, message, index.write_tree(self.repository), list(parents))

    def name(self, reference: str, sha: pygit2.Oid) -> None:
        """Point a reference at it."""
        self.repository.references.create(reference, sha, force=True)

    def deploy(self, files: Mapping[str, str]) -> None:
        """Replace the files."""
        for name, text in files.items():
            (self.deployed / name).write_text(text)

    def change(self, undo: bool = False) -> Change:
        """Return the next change, or the next undo of one: its branch is not among the present references."""
        return Change(self.repository, self.deployed, frozenset(self.repository.references), undo)


def reached(change: Change) -> list[Stage]:
    return [stage for stage in Stage if change.reached(stage)]


@pytest.mark.parametrize("undo", [False, True])
def test_a_change_shows_one_stage_after_the_other(tmp_path: Path, undo: bool) -> None:
    forge = Forge(tmp_path)
    change, branch, stages = forge.change(undo), BRANCH + ("-undo" if undo else ""), list(Stage)
    assert reached(change) == []

    forge.name(branch, forge.main)
    assert reached(change) == stages[:1]
    mended = forge.commit(GOOD, forge.main)
    forge.name(branch, mended)
    assert reached(change) == stages[:2]
    forge.name("refs/pull/2/head", mended)
    assert reached(change) == stages[:3]
    forge.name("refs/heads/main", forge.commit(GOOD, forge.main, message="squashed"))
    assert reached(change) == stages[:4]
    forge.deploy(GOOD)
    assert reached(change) == stages


def test_another_change_shows_nothing(tmp_path: Path) -> None:
    forge = Forge(tmp_path)
    forge.name(f"{BRANCH}-d2", forge.main)
    remedy, undo = forge.change(), forge.change(undo=True)
    forge.name("refs/heads/feature", forge.main)

    assert reached(remedy) == []
    forge.name(BRANCH, forge.main)
    assert reached(remedy) == [Stage.BRANCH]
    assert reached(undo) == []


def test_every_moment_meets_everything_that_can_befall_a_process() -> None:
    steps = [Moment(step) for step in Step]
    whole = adversities(1, steps)

    assert whole == adversities(1, steps)
    assert {one.deed for one in whole} == {*Deed} - {Deed.KILLED}
    for moment in steps:
        met = {(one.deed, one.victims) for one in whole if one.moment == moment}
        assert met == {(deed, (victim,)) for deed, victims in WHO_SUFFERS.items() for victim in victims}
    assert all((one.lasts_s > 0) is (one.deed in LASTING) for one in whole)
