"""`ports.case_index` over the real Chroma server, `ports.runtime` over a real supervisord, embeddings, keys, probes."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xmlrpc.client import ServerProxy

import httpx
import numpy as np
import psutil
import pytest
from supervisor.xmlrpc import SupervisorTransport
from support.remembered import FAULTS, incident
from support.runtimes import now, supervisord
from support.servers import ServerProcess, serving
from support.waiting import free_port, until

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.http_probe import HttpProbe
from sre_space.adapters.minilm import MiniLm
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.agents.memory.lessons import lesson_of, question_of
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.domain.lessons import past_cases
from sre_space.ports.case_index import Lesson
from sre_space.ports.runtime import Unit


@pytest.fixture(scope="session")
def minilm() -> MiniLm:
    """The model, loaded once."""
    return MiniLm.load()


@contextmanager
def chroma(folder: Path) -> Iterator[tuple[str, ServerProcess]]:
    """The real server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = str(Path(sys.executable).with_name("chroma"))
    command = [program, "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder / "chroma")]

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/api/v2/heartbeat").is_success
        except httpx.HTTPError:
            return False

    with serving(command, {}, ready, folder / "chroma.log") as server:
        yield url, server


def lesson(id: str, text: str, **facts: str | int | bool) -> Lesson:
    """A lesson."""
    return Lesson(id, text, facts or {"issue": 1})


LESSONS = (
    lesson("01A", "policy-service crashed and left no span; a restart helped", key="a", issue=7, worked=True),
    lesson("01B", "user-service was slow: one SQL statement waited for a lock", key="b", issue=8, worked=False),
    lesson("01C", "conversion fell after a configuration commit", key="c", issue=9, worked=True),
)


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


@pytest.fixture
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisordRuntime]:
    """The runtime."""
    with supervisord(tmp_path_factory.mktemp("r")) as found:
        yield found.runtime


def state(runtime: SupervisordRuntime) -> Unit:
    """The unit now."""
    return now(lambda: runtime.unit("policy-service"))


def test_a_killed_unit_stays_down_with_a_new_incarnation_until_it_is_restarted(runtime: SupervisordRuntime) -> None:
    first = state(runtime)
    assert first == state(runtime)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    dead = until(lambda: (unit := state(runtime)).state == "exited" and unit, "the unit has ended")
    assert isinstance(dead, Unit)
    assert dead.pid is None
    assert (dead.exit_code, dead.detail) == (None, "ended by a signal")
    assert dead.incarnation != first.incarnation

    second = now(lambda: runtime.restart("policy-service", dead.incarnation))

    assert second.state == "running"
    assert second.incarnation not in (first.incarnation, dead.incarnation)


def test_a_restart_of_another_life_is_refused_and_changes_nothing(runtime: SupervisordRuntime) -> None:
    before = state(runtime)
    with pytest.raises(Refused, match="nothing was changed"):
        now(lambda: runtime.restart("policy-service", "1:2.00"))

    assert state(runtime) == before


def test_a_living_unit_is_ended_and_started_anew(runtime: SupervisordRuntime) -> None:
    before = state(runtime)

    after = now(lambda: runtime.restart("policy-service", before.incarnation))

    assert after.pid != before.pid


def test_a_unit_that_is_being_stopped_is_started_once_it_has_ended(runtime: SupervisordRuntime) -> None:
    pid = state(runtime).pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it does not hear that it is to stop; of two pending signals the lower goes first
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "it stands still")
    transport = SupervisorTransport(None, None, f"unix://{runtime.socket}")
    ServerProxy("http://127.0.0.1", transport=transport).supervisor.stopProcess("policy-service", False)
    transport.close()
    stopped = state(runtime)
    assert stopped.state == "stopped"

    after = now(lambda: runtime.restart("policy-service", stopped.incarnation))

    assert after.state == "running"
    assert after.pid not in (None, pid)


@pytest.mark.parametrize("name", ["other", "../x", "policy-service; rm -rf /", ""])
def test_only_units_of_the_chart_are_known(runtime: SupervisordRuntime, name: str) -> None:
    with pytest.raises(Missing):
        now(lambda: runtime.restart(name, "x"))


def test_a_runtime_that_is_down_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        now(lambda: SupervisordRuntime(str(tmp_path / "none"), {"a": "a"}).units())


async def test_a_probe_tells_healthy_sick_hanging_and_gone_apart() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if path == b"/hang":
            await reader.read()  # until the probe gives up and goes
        else:
            code = b"200 OK" if path == b"/health" else b"503 Service Unavailable"
            writer.write(b"HTTP/1.1 " + code + b"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        probe = HttpProbe.create()
        found = [await probe.check(f"http://127.0.0.1:{port}/{path}") for path in ("health", "sick", "hang")]
    found.append(await probe.check(f"http://127.0.0.1:{free_port()}/health"))
    await probe.client.aclose()
    assert [(one.healthy, one.answered) for one in found] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]
