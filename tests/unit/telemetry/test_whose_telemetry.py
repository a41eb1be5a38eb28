"""Whose resources a request holds: exactly the sender's own are kept, and what is rejected is counted and told."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from support.spans import any_value

from sre_embedded.servers.telemetry.authorizer import Authorizer
from sre_embedded.servers.telemetry.tokens import Forbidden, Tokens, Unauthenticated, digest, render
from sre_space.codec.jaeger_otlp import stored_spans
from sre_space.codec.otlp import spans_of
from sre_space.codec.otlp_names import answer, owned
from sre_space.codec.otlp_records import SIGNALS
from sre_space.codec.sketches import SpanSketcher
from sre_space.domain.errors import Malformed

OWN = "quote-service"
TOKEN = "sre_otlp_0123456789"
LOOK_ALIKE = (
    "Quote-Service", " quote-service", "quote-service ", "quote-service\0", "quote_service", "quote-service-2", "quote",
    "quote\u2010service", "qu\u043ete-service", "quote-service\n", "",
)  # fmt: skip
FOREIGN: Sequence[Sequence[AnyValue]] = (
    [],
    [any_value("traffic")],
    [any_value(OWN), any_value("traffic")],
    [any_value("traffic"), any_value(OWN)],
    [any_value(7)],
    [any_value(None)],
    [any_value([OWN])],
    [any_value({"service.name": OWN})],
    [any_value(OWN.encode())],
    *([any_value(name)] for name in LOOK_ALIKE),
)


def request(*resources: Sequence[AnyValue]) -> ExportTraceServiceRequest:
    """Spans named by the number of their resource, whose names are these values."""
    message = ExportTraceServiceRequest()
    for number, names in enumerate(resources):
        one = message.resource_spans.add()
        one.resource.attributes.add(key="service.version").value.string_value = OWN
        for name in names:
            one.resource.attributes.add(key="service.name").value.CopyFrom(name)
        one.scope_spans.add().spans.add(name=str(number), kind=2)
    return message


@pytest.mark.parametrize("names", FOREIGN)
def test_a_resource_is_the_senders_own_only_when_all_that_it_calls_itself_is_exactly_his_name(
    names: Sequence[AnyValue],
) -> None:
    body = request([any_value(OWN)], names, [any_value(OWN)]).SerializeToString()

    kept = owned("traces", body, {OWN})

    assert [span.name for span in spans_of(kept.body)] == ["0", "2"]
    assert {span.service for span in spans_of(kept.body)} == {OWN}
    assert (kept.rejected, kept.empty) == (1, False)
    assert kept.why.startswith("resource 2 has ")
    assert kept.why.isascii()
    assert owned("traces", request(names).SerializeToString(), {OWN}).empty


def test_what_is_all_the_senders_own_goes_on_as_it_came_and_so_does_a_request_without_resources() -> None:
    body = request([any_value(OWN)], [any_value("traffic")]).SerializeToString()

    assert owned("traces", body, {OWN, "traffic"}).body is body
    assert not owned("traces", b"", {OWN}).empty
    assert answer("traces", owned("traces", body, {OWN, "traffic"})) == b""


@given(st.lists(st.sampled_from([[any_value(OWN)], *FOREIGN]), max_size=8))
def test_whatever_is_mixed_no_reader_sees_another_name_and_nothing_of_ones_own_is_lost(
    resources: list[Sequence[AnyValue]],
) -> None:
    kept = owned("traces", request(*resources).SerializeToString(), {OWN})

    mine = [str(number) for number, names in enumerate(resources) if list(names) == [any_value(OWN)]]
    intake = SpanSketcher()
    intake.take(kept.body, 0)
    assert [span.name for span in spans_of(kept.body)] == mine
    assert {span.service for span in stored_spans(kept.body)} <= {OWN}
    assert {operation.service for operation, _ in intake.drain()} <= {OWN}
    assert kept.rejected == len(resources) - len(mine)


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_response_counts_what_was_rejected_as_the_specification_has_it(signal: str) -> None:
    levels = SIGNALS[signal]
    message: Any = levels.request()
    for name in (OWN, "traffic"):
        resource = getattr(message, levels.resources).add()
        resource.resource.attributes.add(key="service.name").value.string_value = name
        _fill(getattr(getattr(resource, levels.scopes).add(), levels.items))

    response: Any = levels.response()
    response.ParseFromString(answer(signal, owned(signal, message.SerializeToString(), {OWN})))

    assert getattr(response.partial_success, levels.rejected) == 3
    assert response.partial_success.error_message == (
        "resource 2 has the service.name 'traffic'; this token is for quote-service"
    )


def _fill(items: Any) -> None:  # noqa: ANN401 - protobuf
    """Three spans or records; of metrics three points of two metrics, and one without any."""
    first, second, _ = items.add(), items.add(), items.add()
    if isinstance(first, Metric):
        first.gauge.data_points.add()
        first.gauge.data_points.add()
        second.histogram.data_points.add()


def test_bytes_that_are_no_request_are_malformed_for_whoever_sends_them() -> None:
    with pytest.raises(Malformed, match="3 bytes are no OTLP logs request"):
        owned("logs", b"\xff\xff\xff", {OWN})


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([], "no token"),
        ([f"Bearer {TOKEN}"] * 2, "several tokens"),
        ([TOKEN], "no Bearer token"),
        ([f"Basic {TOKEN}"], "no Bearer token"),
        (["Bearer "], "no Bearer token"),
        ([""], "no Bearer token"),
        ([f"Bearer {TOKEN}0"], "an unknown token"),
        ([f"Bearer {TOKEN[:-1]}"], "an unknown token"),
        (["Bearer \ud800\u00ff"], "an unknown token"),
        ([f"Bearer {digest(TOKEN).hex()}"], "an unknown token"),
    ],
)
def test_without_the_one_right_token_nobody_is_known(told: list[str], reason: str) -> None:
    tokens = Tokens.parse(render({TOKEN: [OWN]}))

    with pytest.raises(Unauthenticated) as refused:
        tokens.names_of(told)

    assert refused.value.reason == reason
    assert "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN" in str(refused.value)
    assert tokens.names_of([f"bearer {TOKEN}"]) == {OWN}


@given(st.dictionaries(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1), max_size=4))
def test_what_is_written_is_read_and_holds_no_token(names: dict[str, list[str]]) -> None:
    tokens = {f"sre_otlp_{token}": services for token, services in names.items()}

    text = render(tokens)

    assert {token: Tokens.parse(text).names.get(digest(token)) for token in tokens} == {
        token: frozenset(services) for token, services in tokens.items()
    }
    assert not any(token in text for token in tokens)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "are not JSON"),
        ("{}", "are not a list"),
        ("[7]", "token 1 is not an object"),
        ('[{"sha256": "00", "services": ["a"]}]', "token 1: sha256 is not 64 hex digits"),
        (f'[{{"sha256": "{"g" * 64}", "services": ["a"]}}]', "token 1: sha256 is not 64 hex digits"),
        (f'[{{"sha256": "{"0" * 64}", "services": "a"}}]', "token 1: services is not a list"),
        (f'[{{"sha256": "{"0" * 64}", "services": []}}]', "token 1: services is not a list"),
        (f'[{", ".join([f"""{{"sha256": "{"0" * 64}", "services": ["a"]}}"""] * 2)}]', "is listed twice"),
    ],
)
def test_a_file_of_tokens_that_is_none_is_told_with_the_entry(text: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        Tokens.parse(text)


@given(st.text())
def test_any_other_text_is_malformed_or_tokens(text: str) -> None:
    try:
        found = Tokens.parse(text)
    except Malformed:
        return
    assert not found.names


def test_a_flood_of_refusals_is_one_line_of_the_log_and_all_of_it_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    door = Authorizer(Tokens.parse(render({TOKEN: [OWN]})))
    body = request([any_value("traffic")]).SerializeToString()

    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            with pytest.raises(Unauthenticated):
                door.names(["Bearer guessed"])
            with pytest.raises(Forbidden):
                door.own("traces", body, door.names([f"Bearer {TOKEN}"]))

    unknown, foreign = caplog.messages
    assert "1 telemetry requests were refused: an unknown token" in unknown
    assert "a foreign name with the token of quote-service" in foreign
    assert "guessed" not in caplog.text
    assert door.tally.counts == {"an unknown token": 1000, "a foreign name with the token of quote-service": 1000}
