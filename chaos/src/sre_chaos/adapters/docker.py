"""The containers of a Compose project, through the chaos door in front of Docker: fulfils `ports.Runtime`.

A unit is a service of the Compose file. A frozen unit is a paused container: its processes are stopped together.
"""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sre_chaos.errors import NoTarget, Unreachable

SERVICE, NUMBER = "com.docker.compose.service", "com.docker.compose.container-number"
SEEN_WITHIN_S = 10.0
LOOK_EVERY_S = 0.05
ANSWERS_WITHIN_S = 60.0
UNITS = {"telemetry": "otel-collector", "bus": "kafka"}  # what the embedded space calls otherwise


@dataclass(frozen=True)
class DockerDoor:
    """The door at `tcp://HOST:PORT`, which shows one project's containers only."""

    address: str

    def living(self, unit: str) -> int:
        """Return the process id of a unit's container, 0 when it does not run."""
        state = self._state(unit)
        return int(state["Pid"]) if state["Running"] else 0

    def kill(self, unit: str) -> int:
        """Send SIGKILL to the container, and return when it has ended."""
        pid = self._running(unit)
        self._order(unit, "kill?signal=SIGKILL")
        deadline = time.monotonic() + SEEN_WITHIN_S
        while self.living(unit) == pid and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return pid

    def freeze(self, unit: str) -> int:
        """Pause the container."""
        pid = self._running(unit)
        self._order(unit, "pause")
        return pid

    def thaw(self, unit: str, pid: int) -> None:
        """Unpause the container; one that was started again meanwhile runs anyway."""
        state = self._state(unit)
        if state["Paused"] and state["Pid"] == pid:
            self._order(unit, "unpause")

    def reload(self, unit: str) -> None:
        """Send SIGHUP, which the container's first process passes on."""
        self._running(unit)
        self._order(unit, "kill?signal=SIGHUP")

    def start(self, unit: str) -> None:
        """Start a container that is down."""
        if not self.living(unit):
            self._order(unit, "start")

    def _running(self, unit: str) -> int:
        pid = self.living(unit)
        if not pid:
            raise NoTarget(f"{unit} does not run; there is nothing to hit")
        return pid

    def _state(self, unit: str) -> Mapping[str, Any]:
        state: Mapping[str, Any] = self._ask("GET", f"/containers/{self._id(unit)}/json")["State"]
        return state

    def _order(self, unit: str, what: str) -> None:
        self._ask("POST", f"/containers/{self._id(unit)}/{what}")

    def _id(self, unit: str) -> str:
        """Return the id of the first container of a unit; raise `NoTarget` when there is none."""
        service = UNITS.get(unit, unit)
        found = [one for one in self._ask("GET", "/containers/json?all=1") if one["Labels"].get(SERVICE) == service]
        if not found:
            raise NoTarget(f"the project has no container of the service {service!r}")
        return str(min(found, key=lambda one: int(one["Labels"].get(NUMBER, 1)))["Id"])

    def _ask(self, method: str, path: str) -> Any:  # noqa: ANN401 - JSON; callers type it
        at = urlsplit(self.address)
        connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=ANSWERS_WITHIN_S)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            content = answer.read()
            value = json.loads(content) if content else None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unreachable(f"the door to Docker at {self.address} does not answer; is it up?") from error
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise NoTarget(f"the door to Docker refused: {value['message'] if value else answer.reason}")
        return value
