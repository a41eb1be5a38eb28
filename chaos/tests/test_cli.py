"""The chaos command before there is anything to hit; hitting is tested end to end."""

import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sre_chaos.adapters.supervisord import Supervisord
from sre_chaos.cli import main
from sre_chaos.embedded import embedded_space
from sre_chaos.errors import NoTarget
from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.injectors.database import refuse
from sre_chaos.journal import Active, Journal
from sre_chaos.run import Run
from sre_chaos.spaces import default_state


@contextmanager
def supervisor(folder: Path, answer: bytes) -> Iterator[Path]:
    """Yield a state folder whose supervisor answers every request with these bytes."""
    (folder / "run").mkdir()
    path = folder / "s.sock"
    record = {"socket": str(path), "pid": 1, "python": "", "ports": {}, "repository": "local/x"}
    (folder / "run" / "space.json").write_text(json.dumps(record))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(answer)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                asked = b""
                while b"</methodCall>" not in asked:
                    asked += connection.recv(65536)
                connection.sendall(head + answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield folder
        thread.join(5)


def test_every_experiment_is_listed_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0

    told = capsys.readouterr().out
    assert all(name in told and one.what in told for name, one in EXPERIMENTS.items())


def test_without_a_space_it_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kill", "--state", str(tmp_path)]) == 3
    assert "sre-space up" in capsys.readouterr().err


@pytest.mark.parametrize("record", ["", "[]", "{", '{"socket": 5', '{"socket": 5, "ports": []}', "null"])
def test_a_damaged_record_is_no_space(tmp_path: Path, record: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "space.json").write_text(record)

    with pytest.raises(NoTarget, match="sre-space up"):
        embedded_space(tmp_path)


def test_a_supervisor_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="is it up"):
        Supervisord(str(tmp_path / "none.sock")).living("policy-service")


def test_a_service_that_does_not_exist_or_run_is_named(tmp_path: Path) -> None:
    fault = (
        b"<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>10"
        b"</int></value></member><member><name>faultString</name><value><string>BAD_NAME</string></value></member>"
        b"</struct></value></fault></methodResponse>"
    )
    with supervisor(tmp_path, fault) as state, pytest.raises(NoTarget, match="no service 'nobody'"):
        embedded_space(state).runtime.living("nobody")


def test_a_service_that_is_down_already_cannot_be_killed(tmp_path: Path) -> None:
    info = (
        b"<?xml version='1.0'?><methodResponse><params><param><value><struct><member><name>pid</name><value><int>0"
        b"</int></value></member></struct></value></param></params></methodResponse>"
    )
    with supervisor(tmp_path, info) as state, pytest.raises(NoTarget, match="nothing to hit"):
        embedded_space(state).runtime.kill("policy-service")


def test_the_state_folder_is_the_one_that_up_uses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SRE_SPACE_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state() == tmp_path / "sre-space"
    monkeypatch.setenv("SRE_SPACE_STATE", str(tmp_path / "own"))
    assert default_state() == tmp_path / "own"


def test_an_experiment_that_cannot_hit_a_service_says_which_it_can(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    state = str(run.space.state)

    assert main(["errors", "quote-service", "--state", state]) == 2
    assert main(["errors", "--service", "quote-service", "--state", state]) == 2
    assert capsys.readouterr().err.count("errors cannot hit quote-service; it hits policy-service") == 2


def test_nothing_is_hit_when_the_steady_state_does_not_hold(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        path = run.space.state / "run" / "space.json"
        record = json.loads(path.read_text())
        record["ports"] = {f"{name}_service_port": unused.getsockname()[1] for name in ("user", "policy", "quote")}
        path.write_text(json.dumps(record))

        assert main(["errors", "--state", str(run.space.state)]) == 1

    assert "user-service is not ready: the steady state does not hold" in capsys.readouterr().err
    assert not Journal.of(run.space).active()


def test_recover_undoes_what_is_active_and_says_when_there_is_nothing(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse(30)(run)
    Journal.of(run.space).record(Active("errors", "policy-service", run.canary, 1))

    assert main(["--recover", "--state", str(run.space.state)]) == 0
    assert main(["--recover", "--state", str(run.space.state)]) == 0

    assert capsys.readouterr().out == "recovered: errors of policy-service\nnothing was active\n"
    with closing(sqlite3.connect(run.space.state / "apps" / "policy-service.db")) as database:
        assert not database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon", "1e9"])
def test_seconds_that_make_no_sense_are_refused(seconds: str) -> None:
    with pytest.raises(SystemExit):
        main(["hang", "--seconds", seconds])


def test_the_truth_is_told_by_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    main(["--list"])

    assert "truth" not in capsys.readouterr().out.lower()


def test_the_truth_follows_the_service_that_was_hit() -> None:
    kill, surge = EXPERIMENTS["kill"], EXPERIMENTS["traffic-surge"]

    assert kill.truth_of("user-service").service == "user-service"
    assert kill.truth_of("policy-service") == kill.truth
    assert surge.truth_of("traffic").service == "quote-service"
    assert EXPERIMENTS["blackout"].truth_of("bus").kind == "none"
    assert EXPERIMENTS["latency"].truth_of("user-service").operation == ""


def test_a_control_has_no_remedy_and_a_fault_has_one() -> None:
    controls = {name for name, one in EXPERIMENTS.items() if one.is_control}

    assert controls == {"harmless-deploy", "quiet-night", "busy-day", "blackout"}
    assert all(bool(one.truth.remedies) is not one.is_control for one in EXPERIMENTS.values())
    assert all(bool(one.truth.service) is not one.is_control for one in EXPERIMENTS.values())
