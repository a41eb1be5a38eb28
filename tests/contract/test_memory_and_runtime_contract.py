"""`ports.case_index` over the real Chroma server, `ports.runtime` over a real supervisord and a real Docker engine.

Both run over their doubles as well; Docker is asked itself, and through the proxy for those who act.

Stories that start a server of their own kill it, or measure what the model finds.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from xmlrpc.client import ServerProxy

import numpy as np
import psutil
import pytest
from supervisor.xmlrpc import SupervisorTransport
from support.docker_doors import DOCKERS, reached
from support.docker_engine import PROJECT, DockerEngine
from support.doubles import BOTH, DOUBLE, adapter_alone
from support.likeness import MemoryIndex
from support.remembered import FAULTS, incident
from support.runtimes import LIMIT, UNIT, now, supervisord
from support.servers import ServerProcess, chroma
from support.waiting import until
from support.world import World

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.docker.runtime import DockerRuntime
from sre_space.adapters.minilm import MiniLm
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.agents.memory.lessons import lesson_of, question_of
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.domain.lessons import past_cases
from sre_space.ports.case_index import CaseIndex, Lesson
from sre_space.ports.runtime import Runtime, Unit, representative


@pytest.fixture(scope="session")
def minilm() -> MiniLm:
    """Return the model, loaded once."""
    return MiniLm.load()


def lesson(id: str, text: str, **facts: str | int | bool) -> Lesson:
    """Return a lesson with these facts, or with an issue number when there are none."""
    return Lesson(id, text, facts or {"issue": 1})


LESSONS = (
    lesson("01A", "policy-service crashed and left no span; a restart helped", key="a", issue=7, worked=True),
    lesson("01B", "user-service was slow: one SQL statement waited for a lock", key="b", issue=8, worked=False),
    lesson("01C", "conversion fell after a configuration commit", key="c", issue=9, worked=True),
)


@pytest.fixture(scope="session")
def shared_chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of the real server for a whole session, whose tests look for lessons of their own."""
    with chroma(tmp_path_factory.mktemp("chroma")) as (url, _):
        yield url


@pytest.fixture(params=BOTH)
def index(request: pytest.FixtureRequest) -> CaseIndex:
    """Return an index that others may have written to."""
    if request.param == DOUBLE:
        return MemoryIndex()
    model: MiniLm = request.getfixturevalue("minilm")
    return ChromaCaseIndex(request.getfixturevalue("shared_chroma"), model.embed, model.pieces)


async def test_the_most_similar_lessons_come_first_and_the_same_text_is_the_same(index: CaseIndex) -> None:
    mine = {"story": secrets.token_hex(4)}
    lessons = [replace(one, id=f"{one.id}{mine['story']}", facts={**one.facts, **mine}) for one in LESSONS]
    for one in lessons:
        await index.remember(one)

    for one in lessons:
        first, *others = await index.recall(one.text, where=mine)
        assert first.lesson == one
        assert first.similarity == pytest.approx(1.0, abs=1e-4)
        assert [0 <= other.similarity < first.similarity for other in others] == [True, True]
        similarities = [other.similarity for other in others]
        assert similarities == sorted(similarities, reverse=True)
    assert len(await index.recall(lessons[0].text, limit=2, where=mine)) == 2


async def test_only_lessons_with_these_facts_are_recalled(index: CaseIndex) -> None:
    mine = {"story": secrets.token_hex(4)}
    for one in LESSONS:
        await index.remember(replace(one, id=f"{one.id}{mine['story']}", facts={**one.facts, **mine}))

    async def found(**where: str) -> list[str]:
        return [one.lesson.id for one in await index.recall("crash", where={**mine, **where})]

    assert len(await found()) == len(LESSONS)
    assert await found(key="b") == [f"01B{mine['story']}"]
    assert await found(key="none") == []
    assert await found(issue="8") == []  # it is the number 8


async def test_a_lesson_is_replaced_by_its_id_whole(index: CaseIndex) -> None:
    mine = {"story": secrets.token_hex(4)}
    id = f"01A{mine['story']}"
    await index.remember(Lesson(id, "it crashed", {**mine, "issue": 1, "old": True}, ("a printer was cleaned",)))
    await index.remember(Lesson(id, "it crashed again", {**mine, "issue": 10}))

    (only,) = await index.recall("a printer was cleaned", where=mine)
    assert only.lesson.text == "it crashed again"
    assert only.lesson.facts["issue"] == 10


async def test_a_lesson_is_as_similar_as_the_nearest_of_its_texts_and_comes_once(index: CaseIndex) -> None:
    mine = {"story": secrets.token_hex(4)}
    more = ("In the end a person cleaned the printer.", "Nothing else.")
    await index.remember(Lesson(f"1{mine['story']}", LESSONS[1].text, mine, more))
    await index.remember(Lesson(f"2{mine['story']}", LESSONS[0].text, mine))

    first, other = await index.recall("In the end a person cleaned the printer.", where=mine)
    assert first.lesson.id == f"1{mine['story']}"
    assert "printer" in first.lesson.text
    assert first.similarity == pytest.approx(1.0, abs=1e-4)
    assert other.lesson.id == f"2{mine['story']}"


async def test_lessons_are_found_by_meaning_and_survive_kill_nine(tmp_path: Path, minilm: MiniLm) -> None:
    async def story(url: str, server: ServerProcess) -> None:
        index = ChromaCaseIndex(url, minilm.embed)
        assert await index.recall("anything") == []
        for one in LESSONS:
            await index.remember(one)
        await asyncio.to_thread(server.kill)
        with pytest.raises(Unavailable, match="CHROMA_URL"):
            await index.recall("anything")
        await asyncio.to_thread(server.start)
        first, *_ = await index.recall("the policy backend is dead, connection refused")
        assert first.lesson == LESSONS[0]
        assert 0 < first.similarity <= 1
        assert [one.lesson.id for one in await index.recall("crash", where={"key": "b"})] == ["01B"]
        await index.remember(lesson("01A", "policy-service again", issue=10))
        assert len(await index.recall("policy", limit=10)) == 3

    with chroma(tmp_path) as (url, server):
        await story(url, server)


async def test_a_long_post_mortem_is_found_by_its_end_and_leaves_nothing_when_it_gets_shorter(
    tmp_path: Path, minilm: MiniLm
) -> None:
    filler = "The journey of the customers was measured before and after. " * 60
    long = replace(LESSONS[1], more=(f"{filler} In the end a person cleaned the printer.", "Nothing else."))

    async def story(url: str) -> None:
        index = ChromaCaseIndex(url, minilm.embed, minilm.pieces)
        for one in (LESSONS[0], long, LESSONS[2]):
            await index.remember(one)
        first, *others = await index.recall("somebody cleaned the printer", limit=3)
        assert (first.lesson.id, dict(first.lesson.facts)) == ("01B", dict(long.facts))
        assert "printer" in first.lesson.text
        assert sorted(one.lesson.id for one in others) == ["01A", "01C"]  # each once, however many entries it has
        await index.remember(LESSONS[1])
        for again in await index.recall("somebody cleaned the printer", limit=10):
            assert "printer" not in again.lesson.text

    with chroma(tmp_path) as (url, _):
        await story(url)


def test_a_text_is_cut_into_what_the_model_takes_and_nothing_of_it_is_lost(minilm: MiniLm) -> None:
    text = "runtime:policy-service \u00fcn\u00ef \u65e5\u672c 0123456789abcdef " * 200
    pieces = minilm.pieces(text)

    assert len(pieces) > 2
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(minilm.pieces(piece) == [piece] for piece in pieces)
    assert minilm.pieces("") == minilm.pieces(" ") == []


# What a person might ask for, one for each of the made-up faults: in the words of the cause, not of the symptom.
ASKED = (
    "the process was killed by a signal",
    "it is stuck and requests time out",
    "a memory leak eats all RAM",
    "packets to the service are delayed on the network",
    "the database statement waits for locked rows",
    "tariff table is empty ValueError",
    "a commit changed the purchase limit",
    "four times the usual visitors",
    "the database file is missing",
    "the mail provider's quota is used up",
)


async def test_with_the_post_mortem_the_right_incident_is_found_as_often_by_symptoms_and_more_often_by_words(
    tmp_path: Path, minilm: MiniLm
) -> None:
    lessons = [lesson_of(case, past_cases(case, 0)) for case in (incident(fault, 0) for fault in range(len(FAULTS)))]
    symptoms = [(fault, question_of(incident(fault, again, False))) for fault in range(len(FAULTS)) for again in (1, 2)]
    asked = [*symptoms, *enumerate(ASKED)]

    async def found(url: str) -> list[bool]:
        index = ChromaCaseIndex(url, minilm.embed, minilm.pieces)
        for one in lessons:
            await index.remember(one)
        return [(await index.recall(text))[0].lesson.id == lessons[fault].id for fault, text in asked]

    with chroma(tmp_path) as (url, _):
        now = np.array(await found(url))
    sentences = minilm.embed([text for _, text in asked]) @ minilm.embed([one.text for one in lessons]).T
    before = sentences.argmax(axis=1) == [fault for fault, _ in asked]
    by_symptoms, by_words = slice(0, len(symptoms)), slice(len(symptoms), None)

    print(f"found first, of {len(symptoms)} by symptoms and {len(ASKED)} by words: sentence alone "
          f"{before[by_symptoms].sum()} and {before[by_words].sum()}, with the post-mortem "
          f"{now[by_symptoms].sum()} and {now[by_words].sum()}")  # fmt: skip
    assert now[by_symptoms].sum() >= before[by_symptoms].sum()
    assert now[by_words].sum() > before[by_words].sum()


PARAPHRASES = (
    ("policy-service crashed and left no span", "the policy backend died and nobody answers"),
    ("one SQL statement waits for a lock", "the database query is slow because rows are locked"),
    ("purchases stopped after a configuration commit", "since the last config change nobody buys"),
    ("memory grows until the limit is reached", "the process leaks and is killed for using too much RAM"),
    ("the network towards the service is slow", "high latency between the two hosts"),
    ("a process hangs and does not answer", "the server is stuck and requests time out"),
    ("four times the usual traffic arrives", "a surge of many more visitors than normal"),
)


def test_a_paraphrase_is_closest_to_what_it_paraphrases(minilm: MiniLm) -> None:
    known, asked = (minilm.embed([pair[side] for pair in PARAPHRASES]) for side in (0, 1))

    assert list((asked @ known.T).argmax(axis=1)) == list(range(len(PARAPHRASES)))


def test_vectors_have_length_one_and_do_not_depend_on_their_batch(minilm: MiniLm) -> None:
    texts = ["", "short", "a much longer text " * 60, *(f"number {n}" for n in range(40))]
    together = minilm.embed(texts)
    alone = np.concatenate([minilm.embed([text]) for text in texts])

    assert together.shape == (43, 384)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together, alone, atol=1e-4)
    assert minilm.embed([]).shape == (0, 384)


class Machine(Protocol):
    """A runtime with one unit at least, and somebody who kills it."""

    @property
    def runtime(self) -> Runtime:
        """The port."""
        ...

    def kill(self) -> Unit:
        """SIGKILL to the unit; how the runtime tells of it."""
        ...


@dataclass(frozen=True)
class Supervised:
    """supervisord, for real."""

    runtime: SupervisordRuntime

    def kill(self) -> Unit:
        """By its process id."""
        pid = state(self).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        dead = until(lambda: (unit := state(self)).state == "exited" and unit, "the unit has ended")
        assert isinstance(dead, Unit)
        return dead


@dataclass(frozen=True)
class Simulated:
    """The world that unit tests stand on."""

    runtime: World

    def kill(self) -> Unit:
        """Make the unit stop answering, and return it as the runtime shows it."""
        self.runtime.dead.add(UNIT)
        return state(self)


@dataclass(frozen=True)
class Contained:
    """Docker, for real."""

    runtime: DockerRuntime

    def kill(self) -> Unit:
        """By its process id."""
        pid = state(self).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        dead = until(lambda: (unit := state(self)).state == "exited" and unit, "the unit has ended")
        assert isinstance(dead, Unit)
        return dead


@pytest.fixture(scope="module", params=[*BOTH, *DOCKERS])
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Yield one machine for these stories, each of which leaves its unit running."""
    if request.param == DOUBLE:
        yield Simulated(World())
        return
    if request.param in DOCKERS:
        engine: DockerEngine = request.getfixturevalue("docker")
        engine.run(UNIT, memory=LIMIT)
        with reached(request.param, engine, tmp_path_factory.mktemp("proxy")) as doors:
            yield Contained(DockerRuntime(doors.acting, PROJECT, {UNIT: UNIT}))
        engine.clear()
        return
    with supervisord(tmp_path_factory.mktemp("r")) as found:
        yield Supervised(found.runtime)


def state(machine: Machine) -> Unit:
    """Return the unit as the runtime shows it now."""
    return now(lambda: machine.runtime.unit(UNIT))


def uncounted(unit: Unit) -> Unit:
    """Return the unit without the count of restarts, which the launcher writes a moment after the start."""
    return replace(unit, restarts=None)


def test_a_unit_is_told_the_same_alone_and_among_all_until_its_life_ends(machine: Machine) -> None:
    alive = state(machine)

    assert (alive.name, alive.state, alive.exit_code) == (UNIT, "running", None)
    assert alive.pid is not None
    assert [one for one in now(machine.runtime.units) if one.name == UNIT] == [alive]


def test_a_killed_unit_stays_down_with_a_new_incarnation_until_it_is_restarted(machine: Machine) -> None:
    first = state(machine)
    assert uncounted(first) == uncounted(state(machine))
    dead = machine.kill()
    assert uncounted(dead) == uncounted(state(machine))
    assert (dead.state, dead.pid) == ("exited", None)
    assert dead.exit_code in (None, -signal.SIGKILL)
    assert dead.incarnation != first.incarnation

    second = now(lambda: machine.runtime.restart(UNIT, dead.incarnation))

    assert second.state == "running"
    assert uncounted(second) == uncounted(state(machine))
    assert second.incarnation not in (first.incarnation, dead.incarnation)


def test_a_unit_tells_the_limit_and_the_starts_of_its_present_process(machine: Machine) -> None:
    """A runtime that does not count says None and not 0; what follows the incarnation by a moment is waited for."""
    before = state(machine)
    assert before.memory_limit is None or before.memory_limit > 0
    assert before.restarts is None or before.restarts >= 0

    now(lambda: machine.runtime.restart(UNIT, before.incarnation))

    until(
        lambda: state(machine).restarts == (None if before.restarts is None else before.restarts + 1), "it is counted"
    )
    assert state(machine).memory_limit == before.memory_limit


def test_every_instance_of_a_unit_is_listed_and_one_stands_for_it(machine: Machine) -> None:
    listed = [one for one in now(machine.runtime.units) if one.name == UNIT]

    assert len({one.instance for one in listed}) == len(listed)
    assert state(machine) == representative(listed)


@adapter_alone("machine", "the world takes its limits from desired state")
def test_the_limit_is_that_of_the_start_and_outlives_the_process(machine: Supervised) -> None:
    assert state(machine).memory_limit == LIMIT
    dead = machine.kill()

    assert dead.memory_limit == LIMIT
    now(lambda: machine.runtime.restart(UNIT, dead.incarnation))


def test_a_restart_of_another_life_is_refused_and_changes_nothing(machine: Machine) -> None:
    before = uncounted(state(machine))
    with pytest.raises(Refused, match="nothing was changed"):
        now(lambda: machine.runtime.restart(UNIT, "1:2.00"))

    assert uncounted(state(machine)) == before


def test_a_life_that_was_restarted_cannot_be_restarted_again(machine: Machine) -> None:
    before = state(machine)
    after = now(lambda: machine.runtime.restart(UNIT, before.incarnation))
    assert after.incarnation != before.incarnation
    with pytest.raises(Refused, match="nothing was changed"):
        now(lambda: machine.runtime.restart(UNIT, before.incarnation))

    assert state(machine) == after


@adapter_alone("machine", "the world has no processes")
def test_a_living_unit_is_ended_and_started_anew(machine: Supervised) -> None:
    before = state(machine)

    after = now(lambda: machine.runtime.restart(UNIT, before.incarnation))

    assert after.pid not in (None, before.pid)
    assert before.pid is not None
    assert not psutil.pid_exists(before.pid)


@adapter_alone("machine", "the world has no processes")
def test_a_unit_that_is_being_stopped_is_started_once_it_has_ended(machine: Supervised) -> None:
    runtime, pid = machine.runtime, state(machine).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it does not hear that it is to stop; of two pending signals the lower goes first
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "it stands still")
    transport = SupervisorTransport(None, None, f"unix://{runtime.socket}")
    ServerProxy("http://127.0.0.1", transport=transport).supervisor.stopProcess(UNIT, False)
    transport.close()
    stopped = state(machine)
    assert stopped.state == "stopped"

    after = now(lambda: runtime.restart(UNIT, stopped.incarnation))

    assert after.state == "running"
    assert after.pid not in (None, pid)


@pytest.mark.parametrize("name", ["other", "../x", "policy-service; rm -rf /", ""])
def test_only_units_of_the_chart_are_known(machine: Machine, name: str) -> None:
    for call in (lambda: machine.runtime.unit(name), lambda: machine.runtime.restart(name, "x")):
        with pytest.raises(Missing):
            now(call)


def test_a_runtime_that_is_down_is_unavailable(tmp_path: Path) -> None:
    runtime = SupervisordRuntime(str(tmp_path / "none"), {"a": "a"})
    for call in (runtime.units, lambda: runtime.unit("a"), lambda: runtime.restart("a", "1")):
        with pytest.raises(Unavailable):
            now(call)
