"""How `up` asks a process of the application whether it serves."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.planned import planned
from support.waiting import free_port

from sre_embedded.space.processes import Process, Role
from sre_embedded.space.readiness import check_of
from sre_space.domain.health_check import CheckKind, HealthCheck

NEVER = HealthCheck(CheckKind.TCP, "127.0.0.1:1")


@pytest.fixture
def listening() -> Iterator[int]:
    """Yield a port that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def asked(tmp_path: Path, process: Process) -> bool | None:
    """Return whether a process serves, None where nothing says so."""
    check = check_of(planned(tmp_path), process)
    return check() if check else None


def test_a_process_serves_when_its_own_check_says_so(tmp_path: Path, listening: int) -> None:
    process = Process("quote-service", Role.APPLICATION, ("x",), 1, ports=(listening,), ready=NEVER)

    assert asked(tmp_path, process) is False
    ready = HealthCheck(CheckKind.TCP, f"127.0.0.1:{listening}")
    assert asked(tmp_path, replace(process, ready=ready)) is True


def test_without_one_the_configuration_says_how_its_service_is_asked(tmp_path: Path, listening: int) -> None:
    """That its port is taken is not enough: the check is a request."""
    process = Process("quote-service", Role.APPLICATION, ("x",), 1, ports=(listening,))

    assert asked(tmp_path, process) is False


def test_a_process_that_the_configuration_does_not_know_serves_when_its_ports_are_taken(
    tmp_path: Path, listening: int
) -> None:
    process = Process("prices", Role.CUSTOMERS, ("x",), 1)

    assert asked(tmp_path, process) is None
    assert asked(tmp_path, replace(process, ports=(listening,))) is True
    assert asked(tmp_path, replace(process, ports=(listening, free_port()))) is False
