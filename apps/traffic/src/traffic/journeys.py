"""Plays journeys against the quote service; each attempt is a trace whose status says whether it succeeded."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode, Tracer

from traffic.customers import Customer

BAD_FROM = 500  # a 4xx is a valid answer: an invalid request, or a refusal


@dataclass
class Player:
    """Plays visits and counts their attempts; `bad` are attempts with a 5xx or without a response."""

    client: httpx.AsyncClient
    tracer: Tracer
    run: str
    good: int = 0
    bad: int = 0

    async def play(self, stream: Iterator[Customer], visits: asyncio.TaskGroup) -> None:
        """Start the visit of each customer at its time, concurrently, in the task group `visits`."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for customer in stream:
            due = max(due + customer.gap_s, loop.time() - 1)  # after a pause of the machine: no burst
            await asyncio.sleep(max(0.0, due - loop.time()))
            visits.create_task(self.visit(customer))

    async def visit(self, customer: Customer) -> None:
        """Request a quote and, after the think time, purchase it if the customer buys."""
        asked = {"user_id": customer.user_id, "product": customer.product, "coverage": customer.coverage}
        quote = await self._attempt("journey quote", customer, "/quotes", asked)
        if quote is None or not customer.buys:
            return
        await asyncio.sleep(customer.think_s)
        await self._attempt("journey purchase", customer, f"/quotes/{quote['id']}/purchase", None)

    async def _attempt(self, name: str, customer: Customer, path: str, body: dict[str, object] | None) -> Any:  # noqa: ANN401 - JSON
        """Make one attempt under a root span; return the response's JSON when it succeeded, else None."""
        attributes: dict[str, str | bool] = {
            "journey.id": f"{self.run}-{customer.journey}",
            "journey.synthetic": customer.synthetic,
        }
        with self.tracer.start_as_current_span(name, context=trace.set_span_in_context(trace.INVALID_SPAN)) as span:
            span.set_attributes(attributes)
            response = None
            with contextlib.suppress(httpx.TransportError):
                response = await self.client.post(path, json=body)
            if response is None or response.status_code >= BAD_FROM:
                reason = f"answered {response.status_code}" if response is not None else "no answer"
                span.set_status(Status(StatusCode.ERROR, reason))
                self.bad += 1
                return None
        self.good += 1
        return response.json() if response.is_success else None
