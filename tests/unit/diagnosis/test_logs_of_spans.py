"""Log lines that bear the ids of their spans: whom they accuse where spans say nothing of how they ended."""

from dataclasses import replace

import pytest
from support.shop import row, shop, telemetry

from sre_space.analysis.diagnosis.building import LogBuilder, LogRow
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.tables import INTERNAL, Telemetry
from sre_space.domain.diagnosis import Confidence
from sre_space.text.diagnosis_report import report


def _logging(lines: dict[str, str], seed: int, share: float = 1.0) -> Telemetry:
    """Return requests whose price spans log `lines` by level, in the order given."""
    spans = [replace(one, status=0) for one in shop(120, seed)]
    logs = LogBuilder()
    for at, one in enumerate(one for one in spans if one.operation == "POST /quote"):
        for step, (text, level) in enumerate(lines.items()):
            if not level.startswith("?") or at % 100 >= 100 * share:
                codes = (logs.names[one.service], 17 if level == "ERROR" else 9, logs.names[text])
                logs.rows.append(LogRow(one.start + step, *codes, logs.ids[one.trace], logs.ids[one.id]))
    table = telemetry(spans)
    return replace(table, logs=logs.table())


def test_a_new_error_in_the_log_of_spans_without_status_accuses_their_service() -> None:
    usual = _logging({"looking up the quote": "INFO", "quote found": "INFO"}, 7)
    now = _logging({"looking up the quote": "INFO", "no such quote in the table": "ERROR"}, 2)
    assert diagnose(now, [usual]).causes[0].service == "price"


def test_a_log_that_no_longer_goes_on_accuses_its_service() -> None:
    usual = _logging({"looking up the quote": "INFO", "quote found": "INFO"}, 7)
    now = _logging({"looking up the quote": "INFO"}, 2)
    found = diagnose(now, [usual])
    assert found.causes[0].service == "price"
    assert "no longer goes on" in found.evidence[0].statement


def _asking(count: int, seed: int, line: str, level: int) -> Telemetry:
    """Return requests of spans without status; price's outermost span logs a line, and at a fault asks nobody."""
    spans, logs = [], LogBuilder()
    for trace in range(seed, seed + count):
        spans += [
            row(trace, "1", "", "web", "GET /buy", 0, 20),
            row(trace, "2", "1", "price", "POST /quote", 2, 16),
            row(trace, "3", "2", "price", "Quotes.compute", 3, 14, kind=INTERNAL),
        ]
        if level < 17:
            spans.append(row(trace, "4", "3", "tax-service", "GET /rate", 5, 10))
        outer = spans[-2 if level >= 17 else -3]
        logs.rows.append(
            LogRow(outer.start, logs.names["price"], level, logs.names[line], logs.ids[outer.trace], logs.ids[outer.id])
        )
    return replace(telemetry(spans), logs=logs.table())


@pytest.mark.parametrize(
    ("line", "first"), [("No instances available for tax-service", "tax-service"), ("cannot parse the quote", "price")]
)
def test_what_broke_off_for_lack_of_another_convicts_neither(line: str, first: str) -> None:
    found = diagnose(_asking(60, 1000, line, 17), [_asking(120, 10, "quote found", 9)])

    assert found.causes[0].service == first
    assert (found.verdict is Confidence.CONFIRMED) is (first == "price")
    assert "breaks off" not in report(found) or line in report(found)
