"""The customers: who comes, when, and what counts as a bad attempt."""

import asyncio
import statistics
from itertools import islice

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from traffic.customers import THINK_MAX_S, Customer, customers, synthetic
from traffic.journeys import Player


def test_the_same_seed_brings_the_same_customers_and_another_seed_others() -> None:
    first, again, other = (list(islice(customers(seed, 5.0, 3000), 50)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_arrivals_are_a_poisson_process_of_five_a_second_and_about_85_percent_buy() -> None:
    some = list(islice(customers(7, 5.0, 3000), 20_000))
    gaps = [customer.gap_s for customer in some]

    assert statistics.mean(gaps) == pytest.approx(0.2, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(0.2, rel=0.03)  # exponential: the deviation is the mean
    assert sum(customer.buys for customer in some) / len(some) == pytest.approx(0.85, abs=0.01)
    assert {customer.product for customer in some} == {"auto", "home", "travel"}
    assert all(1 <= customer.user_id <= 3000 and 0 <= customer.think_s <= THINK_MAX_S for customer in some)
    assert not any(customer.synthetic for customer in some)


def test_one_tagged_synthetic_customer_a_second_always_buys() -> None:
    some = list(islice(synthetic(), 5))

    assert [customer.gap_s for customer in some] == [1.0] * 5
    assert all(customer.synthetic and customer.buys for customer in some)
    assert len({customer.journey for customer in some}) == 5


def visit(status: int | None, buys: bool = True) -> tuple[Player, tuple[ReadableSpan, ...]]:
    """One customer visits a service that answers `status` (None: nobody is there)."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def answer(request: httpx.Request) -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("nobody")
        return httpx.Response(status, json={"id": "q1"})

    async def played() -> Player:
        async with httpx.AsyncClient(base_url="http://quotes", transport=httpx.MockTransport(answer)) as client:
            player = Player(client, provider.get_tracer("test"), "r")
            await player.visit(Customer("c1", 0.0, 1, "auto", 20_000, 0.0, buys, False))
            return player

    return asyncio.run(played()), exporter.get_finished_spans()


def test_a_visit_is_two_root_spans_of_one_journey() -> None:
    player, spans = visit(200)

    assert [span.name for span in spans] == ["journey quote", "journey purchase"]
    assert {dict(span.attributes or {})["journey.id"] for span in spans} == {"r-c1"}
    assert all(span.parent is None for span in spans)
    assert len({span.context.trace_id for span in spans if span.context}) == 2
    assert (player.good, player.bad) == (2, 0)


@pytest.mark.parametrize("status", [500, 502, 503, 504, None])
def test_no_answer_and_5xx_are_bad_and_end_the_visit(status: int | None) -> None:
    player, (span,) = visit(status)

    assert span.status.status_code is StatusCode.ERROR
    assert (player.good, player.bad) == (0, 1)


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_customers_no_is_good_and_ends_the_visit(status: int) -> None:
    player, (span,) = visit(status)

    assert span.status.status_code is StatusCode.UNSET
    assert (player.good, player.bad) == (1, 0)


def test_who_does_not_buy_only_asks() -> None:
    player, spans = visit(200, buys=False)

    assert [span.name for span in spans] == ["journey quote"]
    assert player.good == 1


async def test_who_ends_the_crowd_ends_every_visit_before_the_client_is_closed() -> None:
    asked, left = asyncio.Event(), []

    async def silence(request: httpx.Request) -> httpx.Response:
        asked.set()
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            left.append(client.is_closed)

    async def crowd(player: Player) -> None:
        async with asyncio.TaskGroup() as visits:
            await player.play(customers(1, 200.0, 10), visits)

    client = httpx.AsyncClient(base_url="http://quotes", transport=httpx.MockTransport(silence))
    async with client:
        task = asyncio.create_task(crowd(Player(client, TracerProvider().get_tracer("test"), "r")))
        await asyncio.wait_for(asked.wait(), 5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    assert left
    assert not any(left)
