"""Calls of the other services; each failure becomes one problem detail that names the service."""

from dataclasses import dataclass
from typing import Any

import httpx
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

from service_kit.problems import Problem


@dataclass(frozen=True)
class Downstream:
    """A client of one other service; a failed call is repeated, `attempts` calls at most: all calls are idempotent."""

    name: str
    client: httpx.Client
    attempts: int

    @classmethod
    def at(cls, name: str, url: str, timeout_s: float, attempts: int = 1) -> "Downstream":
        """Return a client whose calls are traced as spans and carry the trace context."""
        client = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)
        HTTPXClientInstrumentor().instrument_client(client)
        return cls(name, client, attempts)

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Return the response's JSON object; raise `Problem`: 404 as it is, 503 no connection, 504 late, 502 failed."""
        for _ in range(self.attempts - 1):
            try:
                return self._ask(method, path, body)
            except Problem as problem:
                if problem.status == httpx.codes.NOT_FOUND:
                    raise
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: dict[str, object] | None) -> dict[str, Any]:
        try:
            response = self.client.request(method, path, json=body)
        except httpx.TimeoutException as error:
            raise Problem(504, f"{self.name} did not answer {method} {path} in time") from error
        except httpx.TransportError as error:
            raise Problem(503, f"{self.name} cannot be reached") from error
        if response.status_code == httpx.codes.NOT_FOUND:
            raise Problem(404, f"{self.name} knows nothing of {path}")
        if not response.is_success:
            raise Problem(502, f"{self.name} answered {response.status_code} to {method} {path}")
        answer: dict[str, Any] = response.json()
        return answer
