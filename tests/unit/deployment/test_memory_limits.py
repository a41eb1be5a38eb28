"""Memory limits of a deployment, where the runtime sets them: in an order in which no process is over its limit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.configured import parse_config

from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment.services import DeployedServices
from sre_space.domain.configuration import FOLDER, SPACE_FILE
from sre_space.domain.errors import Refused, Unavailable
from sre_space.domain.health_check import HealthCheck
from sre_space.ports.probe import Health
from sre_space.ports.runtime import Unit

CONFIGURATION = (Path(__file__).resolve().parents[3] / "sre-space.yaml").read_text()
SERVICE, NOW = "policy-service", 400_000_000


@dataclass
class Limiting:
    """A runtime that sets memory limits; `done` is what was asked of it.

    `refusals` is how many restarts it refuses, `least` the lowest limit that it sets.
    """

    unit_now: Unit = field(default_factory=lambda: Unit(SERVICE, "running", "1", 1, 1, None, memory_limit=NOW))
    done: list[str] = field(default_factory=list)
    refusals: int = 0
    least: int = 0

    async def units(self) -> Sequence[Unit]:
        """Return all."""
        return [self.unit_now]

    async def unit(self, name: str) -> Unit:
        """Return the one."""
        return self.unit_now

    async def restart(self, name: str, expected: str) -> Unit:
        """As the port says."""
        if self.refusals:
            self.refusals -= 1
            raise Refused("another life")
        self.done.append("restart")
        return self.unit_now

    async def limit_memory(self, name: str, limit: int) -> Sequence[Unit]:
        """As the port says."""
        if limit < self.least:
            raise Unavailable("unable to set memory limit")
        self.done.append(f"limit {limit}")
        self.unit_now = replace(self.unit_now, memory_limit=limit)
        return [self.unit_now]

    async def check(self, check: HealthCheck) -> Health:
        """Say that all is well."""
        return Health(True, True, "", 0.0)


def files(limit: int) -> dict[str, str]:
    """Return the desired state of a space whose service has a memory limit."""
    return {f"{FOLDER}/policy-service.env": "", SPACE_FILE: f"POLICY_SERVICE_MEMORY_BYTES={limit}\n"}


async def restarted(runtime: Limiting, limit: int, folder: Path) -> list[str]:
    """Restart the service with a limit; return what the runtime was asked for."""
    services = DeployedServices(SpaceState(folder), parse_config(CONFIGURATION, {}), runtime, runtime)
    assert await services.restart([SERVICE], [SERVICE], files(limit)) == []
    return runtime.done


@pytest.mark.parametrize(
    ("limit", "order"),
    [
        (NOW + 1, [f"limit {NOW + 1}", "restart"]),
        (NOW - 1, ["restart", f"limit {NOW - 1}"]),
        (NOW, [f"limit {NOW}", "restart"]),
    ],
)
async def test_a_higher_limit_is_set_before_the_restart_and_a_lower_one_after_it(
    limit: int, order: list[str], tmp_path: Path
) -> None:
    assert await restarted(Limiting(), limit, tmp_path) == order


async def test_a_restart_that_is_refused_once_sets_the_lower_limit_after_the_next(tmp_path: Path) -> None:
    assert await restarted(Limiting(refusals=1), NOW - 1, tmp_path) == ["restart", f"limit {NOW - 1}"]


async def test_a_limit_that_was_set_before_a_refused_restart_stays(tmp_path: Path) -> None:
    runtime = Limiting(refusals=1)

    assert await restarted(runtime, NOW + 1, tmp_path) == [f"limit {NOW + 1}"] * 2 + ["restart"]
    assert runtime.unit_now.memory_limit == NOW + 1


async def test_a_limit_that_the_kernel_refuses_is_said_and_restarts_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = Limiting(least=NOW)

    assert await restarted(runtime, NOW - 1, tmp_path) == ["restart"]
    services = DeployedServices(SpaceState(tmp_path), parse_config(CONFIGURATION, {}), runtime, runtime)

    assert SERVICE not in await services.stale(files(NOW - 1), ())
    assert f"keeps its memory limit; {NOW - 1} bytes cannot be set: unable to set memory limit" in caplog.text
