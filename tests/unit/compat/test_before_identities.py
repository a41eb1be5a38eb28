"""A symptom's identity is its detector; incidents of 0.1.0 name kind and service only, and are finished rightly."""

from pathlib import Path

import pytest
from support.recorded import SPACES, Chain, chains, world_with

from sre_space.domain.case import Case
from sre_space.domain.facts import Outcome, Verification
from sre_space.domain.symptoms import Symptom, SymptomKind

[LATENCY] = [found["open-latency"] for found in map(chains, SPACES) if "open-latency" in found]
ACTED = LATENCY.after(3)  # recall, decision, action: the verdict is due
ROUNDS = 1000  # of a quarter of a second each


def outcomes(case: Case) -> list[Outcome]:
    """Return the verdicts on the incident, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


@pytest.mark.parametrize("chain", [ACTED, LATENCY], ids=["verdict-due", "waits-for-people"])
async def test_a_latency_whose_detector_was_not_evaluated_yet_is_not_gone(chain: Chain, tmp_path: Path) -> None:
    """All visits succeed and each may be as slow as ever: this Scout cannot tell."""
    world = world_with(chain, tmp_path, watched=False)
    before = outcomes(await world.case(chain.issue.number))
    case = await world.play(chain.issue.number, ROUNDS)

    assert world.book.good_visits(world.begun)[0] > 100
    assert set(outcomes(case)[len(before) :]) <= {Outcome.UNDECIDED}
    assert case.is_open
    assert case.escalated

    world.has_watched()
    case = await world.play(chain.issue.number, ROUNDS)

    assert outcomes(case)[-1] is Outcome.RECOVERED
    assert not case.is_open


OLD = Symptom(SymptomKind.LATENCY, "policy-service", "", 0.3, 0.1, 1)
NEW = Symptom(SymptomKind.LATENCY, "policy-service", "", 0.3, 0.1, 1, "latency/quote-service/client POST")


@pytest.mark.parametrize(
    ("detector", "accused", "old", "new"),
    [
        ("latency/policy-service/server GET /", "latency/policy-service", True, True),
        ("latency/policy-service/server GET /", "latency/user-service", True, False),  # it watches the service
        ("latency/quote-service/client POST", "latency/policy-service", True, True),
        ("latency/quote-service/client POST", "latency/quote-service", False, True),  # its own, whomever it accuses
        ("latency/policy-service-2/server GET /", "latency/policy-service-2", False, False),
        ("error/policy-service/server GET /", "error/policy-service", False, False),
    ],
)
def test_an_old_key_is_of_what_accuses_or_watches_the_service_and_a_new_one_of_its_detector_and_what_joins_it(
    detector: str, accused: str, old: bool, new: bool
) -> None:
    assert (OLD.is_of(detector, (accused,)), NEW.is_of(detector, (accused,))) == (old, new)
