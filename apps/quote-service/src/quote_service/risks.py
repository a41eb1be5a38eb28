"""A customer's risk score, from the other services, and the circuit breakers of the fallback.

Without a fallback a quote waits as long as any other call and fails with it. With the fallback a quote waits a shorter
time for each service, and the circuit breaker of a service that failed stays open for a while: every `OPEN_S` one quote
probes whether the service is back. A customer who does not exist (404) is a valid answer and no failure.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from quote_service.downstream import Downstream
from quote_service.quotes import QuoteRequest
from service_kit.problems import Problem

NOT_FOUND = 404
OPEN_S = 5.0  # for which a circuit breaker stays open after a failure


class RiskUnknown(Exception):
    """The customer's risk is not available now."""


@dataclass
class CircuitBreaker:
    """A circuit breaker (Nygard, Release It!, 2018): a service is not called for `OPEN_S` after it failed."""

    service: Downstream
    now: Callable[[], float] = time.monotonic
    until: float = field(default=float("-inf"))

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Return the service's answer; raise `RiskUnknown` when it fails, and at once while the breaker is open."""
        if self.now() < self.until:
            raise RiskUnknown(f"the circuit breaker of {self.service.name} is open")
        try:
            return self.service.ask(method, path, body)
        except Problem as problem:
            if problem.status == NOT_FOUND:
                raise
            self.until = self.now() + OPEN_S
            raise RiskUnknown(problem.detail) from problem


def risk_score(users: Downstream | CircuitBreaker, policies: Downstream | CircuitBreaker, asked: QuoteRequest) -> int:
    """Return the customer's risk score, 0 to 100, by the profile of user-service and the rule of policy-service."""
    profile = users.ask("GET", f"/users/{asked.user_id}")
    request = {"user_id": asked.user_id, "product": asked.product, "age": profile["age"], "claims": profile["claims"]}
    return int(policies.ask("POST", "/risk-assessments", request)["score"])
