"""Which spans are attempts of a journey, when one is good, and which journeys an incident concerns."""

from dataclasses import replace

import pytest
from support.limits import limited

from sre_space.domain.journeys import Journey, Side, SpanSelector, Success, journey_of, requests_of
from sre_space.domain.space_config import Guardrails, Service, SpaceConfig
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

SPAN = Span(
    "t", "s", "p", "shop", "POST /order", SpanKind.SERVER, 1, 2, SpanStatus.UNSET, "", {"channel": "web", "n": 1}
)
ERROR = replace(SPAN, status=SpanStatus.ERROR)


@pytest.mark.parametrize(
    ("selector", "span", "selected"),
    [
        (SpanSelector("shop", ("POST /order",), Side.SERVER), SPAN, True),
        (SpanSelector("shop", (), Side.SERVER), SPAN, True),
        (SpanSelector("shop", ("GET /order",), Side.SERVER), SPAN, False),
        (SpanSelector("cart", (), Side.SERVER), SPAN, False),
        (SpanSelector("shop", (), Side.CLIENT), SPAN, False),
        (SpanSelector("shop", (), Side.CLIENT), replace(SPAN, kind=SpanKind.CLIENT), True),
        (SpanSelector("shop"), SPAN, False),
        (SpanSelector("shop"), replace(SPAN, parent_id=""), True),
        (SpanSelector("shop", (), Side.SERVER, {"channel": "web", "n": "1"}), SPAN, True),
        (SpanSelector("shop", (), Side.SERVER, {"channel": "app"}), SPAN, False),
        (SpanSelector("shop", (), Side.SERVER, {"tenant": "a"}), SPAN, False),
    ],
)
def test_a_selector_asks_service_name_side_and_attributes(selector: SpanSelector, span: Span, selected: bool) -> None:
    assert selector.selects(span) is selected


@pytest.mark.parametrize(
    ("success", "attributes", "status", "good"),
    [
        (Success(), {}, SpanStatus.UNSET, True),
        (Success(), {"http.response.status_code": 500}, SpanStatus.UNSET, True),
        (Success(), {}, SpanStatus.ERROR, False),
        (Success(codes=((200, 399), (404, 404))), {"http.response.status_code": 404}, SpanStatus.ERROR, True),
        (Success(codes=((200, 399),)), {"http.response.status_code": 409}, SpanStatus.UNSET, False),
        (Success(codes=((200, 399),)), {"http.status_code": "204"}, SpanStatus.UNSET, True),
        (Success(codes=((0, 0),)), {"rpc.grpc.status_code": 14}, SpanStatus.UNSET, False),
        (Success(codes=((0, 0),)), {"rpc.grpc.status_code": "OK"}, SpanStatus.UNSET, False),
        (Success(codes=((0, 0),)), {}, SpanStatus.ERROR, False),
        (Success(attribute="result", values=("sold",)), {"result": "sold"}, SpanStatus.ERROR, True),
        (Success(attribute="result", values=("sold",)), {"result": "sold out"}, SpanStatus.UNSET, False),
        (Success(attribute="result", values=("sold",)), {}, SpanStatus.ERROR, False),
    ],
)
def test_an_attempt_is_good_by_code_by_attribute_or_by_status(
    success: Success, attributes: dict[str, str | int], status: SpanStatus, good: bool
) -> None:
    assert success.of(replace(SPAN, attributes=attributes, status=status)) is good


def config(*journeys: Journey) -> SpaceConfig:
    """Return a configuration in which shop calls cart, and stock stands alone."""
    shop = replace(limited("shop"), calls=("cart",))
    services: dict[str, Service] = {one.name: one for one in (shop, limited("cart"), limited("stock"))}
    return SpaceConfig("space", services, journeys, Guardrails((), 1, 1.0, 1, 1))


ORDER = Journey("order", SpanSelector("shop", ("POST /order",), Side.SERVER), 0.999)
STOCK = Journey("stocktaking", SpanSelector("stock", side=Side.SERVER), 0.99)
OUTSIDE = Journey("browse", SpanSelector("web"), 0.99)


def test_an_incident_concerns_the_journeys_that_reach_its_services() -> None:
    both = config(ORDER, STOCK)

    assert both.concerned({"cart"}) == (ORDER,)
    assert both.concerned({"stock"}) == (STOCK,)
    assert both.concerned({"cart", "stock"}) == (ORDER, STOCK)
    assert both.concerned({"order"}) == (ORDER,)
    assert both.callers({"cart"}) == ("shop",)
    assert config(ORDER, OUTSIDE).concerned({"stock"}) == (OUTSIDE,)
    assert config(ORDER).concerned({"stock"}) == (ORDER,)
    assert both.callers(()) == ("shop", "stock")


def test_without_journeys_each_service_is_verified_by_its_own_requests() -> None:
    none = config()

    assert none.measured == tuple(map(requests_of, ("shop", "cart", "stock")))
    assert [one.name for one in none.concerned({"cart"})] == ["requests of shop", "requests of cart"]
    assert journey_of(SPAN, none.measured) == requests_of("shop")
    assert all(journey.slo is None and journey.conversion is None for journey in none.measured)
