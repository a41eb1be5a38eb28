"""The chaos command before there is anything to hit; hitting is tested end to end."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sre_chaos.cli import main
from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.runtime import NoTarget, Runtime, default_state


@contextmanager
def supervisor(folder: Path, answer: bytes) -> Iterator[Path]:
    """A state folder whose supervisor answers every question with these bytes."""
    (folder / "run").mkdir()
    path = folder / "s.sock"
    (folder / "run" / "space.json").write_text(json.dumps({"socket": str(path)}))
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
    assert main(["kill", "--state", str(tmp_path)]) == 2
    assert "sre-space up" in capsys.readouterr().err


@pytest.mark.parametrize("record", ["", "[]", "{", '{"socket": 5', "null"])
def test_a_damaged_record_is_no_space(tmp_path: Path, record: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "space.json").write_text(record)

    with pytest.raises(NoTarget, match="sre-space up"):
        Runtime.of(tmp_path)


def test_a_supervisor_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoTarget, match="is it up"):
        Runtime(str(tmp_path / "none.sock")).pid("policy-service")


def test_a_service_that_does_not_exist_or_run_is_named(tmp_path: Path) -> None:
    fault = (
        b"<?xml version='1.0'?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>10"
        b"</int></value></member><member><name>faultString</name><value><string>BAD_NAME</string></value></member>"
        b"</struct></value></fault></methodResponse>"
    )
    with supervisor(tmp_path, fault) as state, pytest.raises(NoTarget, match="no service 'nobody'"):
        Runtime.of(state).pid("nobody")


def test_a_service_that_is_down_already_cannot_be_killed(tmp_path: Path) -> None:
    info = (
        b"<?xml version='1.0'?><methodResponse><params><param><value><struct><member><name>pid</name><value><int>0"
        b"</int></value></member></struct></value></param></params></methodResponse>"
    )
    with supervisor(tmp_path, info) as state, pytest.raises(NoTarget, match="nothing to kill"):
        Runtime.of(state).pid("policy-service")


def test_the_state_folder_is_the_one_that_up_uses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SRE_SPACE_STATE", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state() == tmp_path / "sre-space"
    monkeypatch.setenv("SRE_SPACE_STATE", str(tmp_path / "own"))
    assert default_state() == tmp_path / "own"
