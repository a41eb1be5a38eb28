"""Text from issues, logs and spans never becomes HTML, and no size of it is too much."""

import re
import time
from dataclasses import replace

import pytest
from support.dashboards import known, recorded

from sre_space.dashboard.reading.decision import you_may
from sre_space.dashboard.reading.fact_rows import Material
from sre_space.dashboard.reading.incident import incident
from sre_space.dashboard.reading.markup import TAGS, html
from sre_space.dashboard.reading.waterfalls import attributes, rows
from sre_space.domain.facts import Conclusion, Detection
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/pixel.png)",
    "<a href='data:text/html,x' onclick=alert(1)>x</a>",
    "<svg><script>1</script></svg>",
    "`</code></pre><script>1</script>`",
    "<https://evil.example>",
    "[x]: javascript:alert(1)\n\n[x]",
    "<style>*{display:none}</style>",
    "<form action=//evil.example><input></form>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_strangers_is_harmless(text: str) -> None:
    made = html(text)

    for tag, parameters in re.findall(r"<(\w+)([^>]*)>", made):
        assert tag in TAGS
        assert re.fullmatch(r'|( (href="https?://[^"]*"|rel="[^"]*"))+', parameters)


def test_a_table_and_a_link_stay() -> None:
    made = html("| a | b |\n|---|---|\n| 1 | [x](https://example.org) |")

    assert "<table>" in made
    assert 'href="https://example.org"' in made
    assert 'rel="noopener noreferrer nofollow"' in made


def test_a_hostile_fact_is_shown_as_text() -> None:
    case = recorded("issue-01")
    first, last = case.chain[0], case.chain[-1]
    detection = first.fact.payload
    assert isinstance(detection, Detection)
    symptom = replace(detection.symptoms[0], detail="<script>\x1b[2J\u202e" + "x" * 50_000)
    evil = replace(first, fact=replace(first.fact, payload=replace(detection, symptoms=(symptom,))))
    post = replace(last, fact=replace(last.fact, payload=Conclusion(1, 2, "<script>1</script> " + "# " * 50_000)))
    bad = replace(case, chain=(evil, *case.chain[1:-1], post))
    answer = incident(known(bad), Material(bad), you_may(bad, None, 0))

    assert "<script" not in answer.facts[0].html
    assert answer.postmortem is not None
    assert "<script" not in answer.postmortem.html
    assert "\x1b" not in answer.model_dump_json()


def span(number: int, parent: int, **more: object) -> Span:
    values: dict[str, object] = {"status": SpanStatus.UNSET, "attributes": {}, **more}
    name = f"{parent:016x}" if parent >= 0 else ""
    return Span(
        "a" * 32, f"{number:016x}", name, "s", f"op {number}", SpanKind.SERVER, number, number + 10**6, **values  # type: ignore[arg-type]
    )  # fmt: skip


def test_twenty_thousand_spans_are_drawn_and_no_more() -> None:
    begun = time.perf_counter()
    drawn = rows([span(number, number - 1) for number in range(25_000)])

    assert len(drawn) == 20_000
    assert drawn[1].depth == 1
    assert max(row.depth for row in drawn) == 500
    assert time.perf_counter() - begun < 20


def test_spans_in_a_circle_and_of_a_missing_parent_are_drawn_once() -> None:
    drawn = rows([span(1, 2), span(2, 1), span(3, 3), span(4, 99)])

    assert sorted(row.id[-1] for row in drawn) == ["1", "2", "3", "4"]


def test_self_time_and_the_critical_path() -> None:
    root = replace(span(0, -1), start=0, end=100_000_000)
    fast = replace(span(1, 0), start=0, end=20_000_000)
    slow = replace(span(2, 0), start=20_000_000, end=90_000_000, status=SpanStatus.ERROR)
    drawn = {row.id[-1]: row for row in rows([root, fast, slow], frozenset({slow.span_id}))}

    assert drawn["0"].own_us == 10_000
    assert drawn["2"].critical
    assert drawn["2"].culprit
    assert drawn["2"].error


def test_attributes_are_bounded() -> None:
    many = {f"key {number}": "v" * 5_000 for number in range(300)}
    found = attributes(span(0, -1, attributes=many))

    assert len(found) == 128
    assert max(map(len, found.values())) == 2_000
