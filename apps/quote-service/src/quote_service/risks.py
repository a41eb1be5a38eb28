"""How risky a customer is, as the other services say it; with a fallback, that nobody can tell now.

Without a fallback a quote waits as long as any other call and fails with it. With it a quote waits for each service
only so long, and a service that has just failed is spared for a while: one quote every `SPARED_S` finds out whether it
is back. That a customer does not exist is an answer and stays one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from quote_service.downstream import Downstream
from quote_service.quotes import QuoteRequest
from service_kit.problems import Problem

NOT_FOUND = 404
SPARED_S = 5.0


class NobodyKnows(Exception):
    """The risk cannot be told now."""


@dataclass
class Spared:
    """A service that is not asked for a while after it failed (Nygard, Release It!, 2018: circuit breaker)."""

    service: Downstream
    now: Callable[[], float] = time.monotonic
    until: float = field(default=float("-inf"))

    def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any]:
        """Its answer; `NobodyKnows` when it fails, and at once while it is spared."""
        if self.now() < self.until:
            raise NobodyKnows(f"{self.service.name} is spared")
        try:
            return self.service.ask(method, path, body)
        except Problem as problem:
            if problem.status == NOT_FOUND:
                raise
            self.until = self.now() + SPARED_S
            raise NobodyKnows(problem.detail) from problem


def risk_score(users: Downstream | Spared, policies: Downstream | Spared, asked: QuoteRequest) -> int:
    """0 to 100, from the customer's profile."""
    profile = users.ask("GET", f"/users/{asked.user_id}")
    request = {"user_id": asked.user_id, "product": asked.product, "age": profile["age"], "claims": profile["claims"]}
    return int(policies.ask("POST", "/risk-assessments", request)["score"])
