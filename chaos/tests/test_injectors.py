"""Each way of injecting, against the real thing it hits: a database, a socket, a repository, a process."""

import contextlib
import json
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import pytest

from sre_chaos import background
from sre_chaos.errors import NoTarget
from sre_chaos.injectors import commits, database, demand, memory, network, signals
from sre_chaos.injectors.commits import with_values
from sre_chaos.journal import Active, Journal
from sre_chaos.run import Run
from sre_chaos.space import Space


def database_of(space: Space, service: str = "policy-service") -> Path:
    """Return the SQLite file of a service."""
    return space.state / "apps" / f"{service}.db"


def insert(run: Run, wait_s: float = 0.0) -> bool:
    """Return True when the database accepts a row."""
    with closing(
        sqlite3.connect(run.space.state / "apps" / f"{run.service}.db", wait_s, isolation_level=None)
    ) as connection:
        try:
            connection.execute("INSERT INTO assessments (score) VALUES (1)")
        except sqlite3.Error:
            return False
        return True


def test_three_of_ten_inserts_are_refused_by_the_database_itself_until_recovered(run: Run) -> None:
    database.refuse(30)(run)
    database.refuse(30)(run)  # twice is once
    taken = sum(insert(run) for _ in range(400))
    database.stop_refusing(run, {})
    database.stop_refusing(run, {})

    assert 200 < taken < 360
    assert all(insert(run) for _ in range(20))


def test_a_locked_database_lets_nobody_write_and_everybody_read(run: Run) -> None:
    database.lock(run)
    try:
        refused = any(not insert(run) for _ in repeat(None, 100_000))
        with closing(sqlite3.connect(database_of(run.space))) as connection:
            rows = connection.execute("SELECT count(*) FROM assessments").fetchone()
    finally:
        database.unlock(run, {})

    assert refused
    assert rows is not None
    assert insert(run, 5)


def test_a_service_without_a_database_is_named(run: Run) -> None:
    with pytest.raises(NoTarget, match="quote-service has no SQLite database"):
        database.lock(replace(run, service="quote-service"))


def test_what_keeps_a_fault_up_ends_when_told_and_leaves_no_file(run: Run) -> None:
    background.start(run, "lock")
    assert list(Journal.of(run.space).folder.glob("*.pid"))

    background.stop(run, "lock")
    background.stop(run, "lock")  # nobody is there: fine

    assert not list(Journal.of(run.space).folder.glob("*.pid"))


def test_a_pid_file_that_was_left_behind_hits_no_stranger(run: Run) -> None:
    path = Journal.of(run.space).folder / f"{run.canary}.lock.pid"
    with subprocess.Popen(["sleep", "60"]) as stranger:
        path.write_text(str(stranger.pid))
        background.stop(run, "lock")

        assert stranger.poll() is None
        stranger.kill()


@contextlib.contextmanager
def listening(address: str | tuple[str, int]) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as listener:
        listener.bind(address)
        listener.listen()
        listener.settimeout(20)
        yield listener


def test_an_upload_has_no_end_until_the_service_hangs_up_or_chaos_does(run: Run) -> None:
    with listening(("127.0.0.1", 0)) as listener:
        space = replace(run.space, addresses={"policy-service": listener.getsockname()})
        chunks = iter([False] * 40 + [True])
        sender = threading.Thread(
            target=memory.send_endlessly, args=(replace(run, space=space), lambda: next(chunks), ()), daemon=True
        )
        sender.start()
        service, _ = listener.accept()
        with service, service.makefile("rb") as received:
            head = [received.readline() for _ in range(5)]
            body = received.read()
        sender.join(20)

    assert head[0] == b"POST /risk-assessments HTTP/1.1\r\n"
    assert len(body) > 40 * len(memory.CHUNK)


@pytest.mark.parametrize(("answer", "refused"), [({"done": True, "why": ""}, ""), ({"done": False, "why": "no"}, "no")])
def test_an_order_to_the_network_carries_the_secret_and_hears_the_answer(
    run: Run, answer: dict[str, object], refused: str
) -> None:
    (run.space.state / "keys" / "network.key").write_text("s3cret")
    orders: list[dict[str, object]] = []
    with listening(str(run.space.state.with_name("network.sock"))) as listener:

        def serve() -> None:
            caller, _ = listener.accept()
            with caller, caller.makefile("rw") as file:
                orders.append(json.loads(file.readline()))
                file.write(json.dumps(answer) + "\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        if refused:
            with pytest.raises(NoTarget, match=refused):
                network.slow(run)
        else:
            network.slow(run)
        thread.join(20)

    assert orders == [{"secret": "s3cret", "link": "policy-service", "delay_ms": network.DELAY_MS}]


def test_without_a_network_that_listens_one_sentence_says_so(run: Run) -> None:
    with pytest.raises(NoTarget, match="network does not answer"):
        network.restore_speed(run, {})


def test_the_usual_demand_needs_no_file_and_no_traffic(run: Run) -> None:
    with pytest.raises(NoTarget):
        demand.customers(20)(replace(run, service="traffic"))

    assert not (run.space.state / "apps" / "demand.env").exists()


def test_a_process_that_was_restarted_meanwhile_is_left_alone(run: Run) -> None:
    signals.resume(run, {})  # half injected: nothing to undo

    with pytest.raises(NoTarget):
        signals.resume(run, {"pid": 1})


def test_an_injection_that_hit_nothing_starts_nothing_when_it_is_undone(run: Run) -> None:
    for recover in (signals.start, memory.hang_up, commits.revert, commits.revert_and_start):
        recover(run, {})  # a call to the runtime, which is not there, would be refused


def test_values_are_set_in_place_and_new_ones_come_last() -> None:
    text = "# pool\nA=1\n\n# b\nB=2\n"

    assert with_values(text, {"A": "5"}) == "# pool\nA=5\n\n# b\nB=2\n"
    assert with_values(text, {"AB": "5"}) == f"{text}AB=5\n"


def test_a_forge_that_is_away_is_one_sentence(run: Run) -> None:
    (run.space.state / "forge").mkdir()
    (run.space.state / "forge" / "identities.json").write_text('[{"login": "operator", "token": "t"}]')
    edit = commits.Edit("space.env", {"A": "1"}, "Set A")

    with pytest.raises(NoTarget, match=r"git clone failed|git is not installed"):
        commits.merge(edit)(run)


def test_the_journal_undoes_the_newest_first_and_keeps_a_line_of_each_run(run: Run) -> None:
    journal = Journal.of(run.space)
    entries = [Active("hang", "quote-service", f"c{number}", number, {"pid": number}) for number in range(3)]
    for entry in entries:
        journal.record(entry)

    assert journal.active() == entries[::-1]
    journal.end("c1")
    journal.end("c1")
    assert [entry.canary for entry in journal.active()] == ["c2", "c0"]
    assert len((journal.folder / "runs.jsonl").read_text().splitlines()) == 3
    assert all(path.stat().st_mode & 0o077 == 0 for path in journal.folder.glob("*.json*"))


def test_the_journal_about_a_space_that_is_gone_is_forgotten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other, kept = Journal.of(replace(run.space, state=tmp_path / "other")), Journal.of(run.space)
    (tmp_path / "other").rmdir()

    Journal.of(run.space)

    assert kept.folder.exists()
    assert not other.folder.exists()
