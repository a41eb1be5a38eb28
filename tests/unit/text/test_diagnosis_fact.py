"""A diagnosis as a fact: small enough to sign whatever telemetry said, and harmless where it is posted."""

from hypothesis import given
from hypothesis import strategies as st
from support.world import Key

from sre_space.analysis.diagnosis.result import CaseDiagnosis, ChainStep, WaterfallRow
from sre_space.codec.footer import MAX_PAYLOAD, parse_footer, render, sign
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Evidence
from sre_space.domain.facts import Decision, Fact, Step
from sre_space.domain.remedies import Escalate
from sre_space.text.diagnosis_report import FACT_REPORT, fact_of
from sre_space.text.prose import prose

LONG = st.text(min_size=0, max_size=3000)


def found(text: str, causes: int = 5, rows: int = 40) -> CaseDiagnosis:
    """Return a diagnosis with this text in its causes, evidence, chain and waterfall rows."""
    evidence = tuple(Evidence(f"span:{number}:{text}"[:2000], text) for number in range(causes * 6))
    named = tuple(
        Cause(
            f"service-{number}",
            text,
            CauseKind.SLOW_QUERY,
            0.5,
            tuple(item.id for item in evidence[6 * number : 6 * number + 6]),
        )
        for number in range(causes)
    )
    chain = tuple(ChainStep(text, (item.id,)) for item in evidence[:6])
    drawn = tuple(WaterfallRow(n, "tax", text, n, 10**9, 10**8, n % 2 == 0, n == rows - 1) for n in range(rows))
    return CaseDiagnosis(Confidence.CONFIRMED, named, evidence, chain, "c0ffee" * 7, (), drawn)


def decision(text: str) -> Decision:
    """Return a decision to escalate after a diagnosis with this text."""
    return Decision(fact_of(found(text), "0" * 64), Escalate("nobody knows"), (), 1)


@given(LONG)
def test_whatever_telemetry_said_the_fact_is_signed_and_read_back(text: str) -> None:
    told = decision(text)
    signed = sign(Fact("01I", "o/r", 1, 1, "p", Step.DECIDE, 1, 1, told), Key("brain"))
    body = render(signed, prose(told))

    assert len(told.diagnosis.report.encode()) <= FACT_REPORT
    assert len(body.encode()) < 60_000
    assert parse_footer(body) is not None


def test_the_widest_letters_fit_too() -> None:
    assert sign(Fact("01I", "o/r", 1, 1, "p", Step.DECIDE, 1, 1, decision("█" * 3000)), Key("brain")).message
    assert len(decision("█" * 3000).diagnosis.report.encode()) < MAX_PAYLOAD


def test_the_culprit_is_drawn_also_when_the_trace_is_long() -> None:
    report = fact_of(found("SELECT", rows=40), "").report

    assert report.count("◀ culprit") == 1
    assert report.startswith("CONFIRMED: service-0 waits for a slow statement")


def test_the_report_does_nothing_on_the_forge_and_cannot_leave_its_block() -> None:
    told = prose(decision("```\n@everyone fixes #12 jane@example.org"))

    assert told.count("```") == 2
    assert "@" not in told
    assert "#12" not in told
    assert "example.org" not in told
