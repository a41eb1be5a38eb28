"""How soon a fault is an incident, on generated traffic of five visits a second, over many seeds."""

import numpy as np
import pytest
from support.amounts import amount
from support.traffic_model import Fault, SimulatedApplication
from support.watching import SECOND, Watching

from sre_space.agents.scout.health import PERIOD_S, ServiceHealth
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.ports.probe import Health

pytestmark = pytest.mark.matrix  # many seeds and virtual days
SEEDS = range(amount(40, 8))
LEARN_S = 180
ALIGNMENT_S = 1.0  # a fault may begin anywhere in a second; the model begins it at the start, the best place


def learnt(seed: int) -> Watching:
    """Detectors after three healthy minutes, in which nothing was opened."""
    return Watching.after(LEARN_S, seed)


def delays(fault: Fault, key: str) -> list[float]:
    """Seconds from the fault to the one incident with this key, worst alignment, for every seed."""
    found = []
    for seed in SEEDS:
        watching = learnt(seed)
        begun = watching.break_down(fault)
        at, groups = watching.play(60)
        assert [group.key for group in groups] == [key]
        found.append((at - begun) / SECOND + ALIGNMENT_S)
    print(f"\n{key}: median {np.median(found):.2f} s, p95 {p95(found):.2f} s, most {max(found):.2f} s of {len(found)}")
    return found


def p95(values: list[float]) -> float:
    return sorted(values)[int(np.ceil(0.95 * len(values))) - 1]


@pytest.mark.parametrize(
    ("fault", "key"),
    [
        pytest.param(Fault(way_to_policy_ns=150e6), "latency/policy-service", id="latency"),
        pytest.param(Fault(policy_sql_ns=200e6), "latency/policy-service", id="slow-query"),
        pytest.param(Fault(user_own_ns=150e6), "latency/user-service", id="slow-service"),
        pytest.param(Fault(policy_errors=0.3), "error/policy-service", id="errors"),
        pytest.param(Fault(policy_gone=True), "error/policy-service", id="gone-without-probes"),
    ],
)
def test_a_slow_or_failing_service_is_an_incident_within_ten_seconds(fault: Fault, key: str) -> None:
    assert p95(delays(fault, key)) <= 10


def test_purchases_that_stop_are_an_incident_within_twenty_seconds() -> None:
    assert p95(delays(Fault(nobody_buys=True), "conversion/buy-insurance")) <= 20


@pytest.mark.parametrize(("answer_s", "answers"), [(0.0, False), (0.5, False)], ids=["kill", "hang"])
def test_a_dead_and_a_hanging_service_are_out_within_three_seconds(answer_s: float, answers: bool) -> None:
    """Rounds of probes as `bootstrap/scout.py` makes them: one answer, the rest of a quarter second of sleep."""
    delay = max(outage_s(offset * PERIOD_S / 20, answer_s, answers) for offset in range(20))

    print(f"\noutage: at most {delay:.2f} s")
    assert delay <= 3


def outage_s(begun: float, answer_s: float, answers: bool) -> float:
    """Seconds from an outage, `begun` after a good probe, until it fires."""
    health, at = ServiceHealth("policy-service"), 0.0
    health.update(Health(True, True, "200", 0.0), 0)
    while not health.firing:
        at += max(PERIOD_S, answer_s)
        if at >= begun:
            health.update(Health(False, answers, "no answer", answer_s), int(at * SECOND))
    return at + answer_s - begun


EVERY = {
    "latency": Fault(way_to_policy_ns=150e6),
    "slow-query": Fault(policy_sql_ns=200e6),
    "errors": Fault(policy_errors=0.3),
    "gone": Fault(policy_gone=True),
    "conversion": Fault(nobody_buys=True),
}


@pytest.mark.parametrize("fault", EVERY.values(), ids=EVERY.keys())
def test_a_fault_its_repair_and_the_time_after_are_one_incident(fault: Fault) -> None:
    for seed in range(amount(3, 1)):
        watching = learnt(seed)
        watching.break_down(fault)
        _, groups = watching.play(60)
        watching.open_incident(*groups)
        assert watching.play(40) == (0, [])

        watching.break_down(Fault())
        assert watching.play(10) == (0, [])
        watching.recovered()
        assert watching.play(120) == (0, [])


@pytest.mark.parametrize("fault", EVERY.values(), ids=EVERY.keys())
def test_the_same_fault_again_after_its_recovery_is_a_new_incident(fault: Fault) -> None:
    watching = learnt(1)
    watching.break_down(fault)
    _, first = watching.play(60)
    watching.open_incident(*first)
    watching.play(10)
    watching.break_down(Fault())
    watching.play(20)
    watching.recovered()
    watching.play(40)
    watching.break_down(fault)

    _, second = watching.play(30)

    assert [group.key for group in second] == [group.key for group in first]


def test_a_planned_deployment_that_makes_errors_while_it_lasts_opens_nothing() -> None:
    watching = learnt(2)
    now = watching.at * SECOND
    watching.windows.append(Inhibition(now, now + 20 * SECOND, frozenset({"policy-service"})))
    watching.break_down(Fault(policy_gone=True))
    assert watching.play(15) == (0, [])

    watching.break_down(Fault())
    assert watching.play(120) == (0, [])


def test_a_deployment_that_left_a_fault_behind_is_an_incident_once_its_window_is_over() -> None:
    watching = learnt(2)
    now = watching.at * SECOND
    watching.windows.append(Inhibition(now, now + 20 * SECOND, frozenset({"policy-service"})))
    watching.break_down(Fault(policy_errors=0.5))
    at, groups = watching.play(60)

    assert [group.key for group in groups] == ["error/policy-service"]
    assert (at - now) / SECOND >= 20


def test_four_times_the_traffic_is_no_incident() -> None:
    for seed in range(amount(5, 2)):
        watching = learnt(seed)
        watching.application.per_second, watching.application.load = 20.0, 1.0
        assert watching.play(120) == (0, [])


@pytest.mark.parametrize(("visits", "synthetic"), [(0.0, 1.0), (0.02, 0.0), (0.0, 0.0)])
def test_almost_no_traffic_is_no_incident(visits: float, synthetic: float) -> None:
    for seed in range(amount(5, 2)):
        watching = learnt(seed)
        watching.application.per_second, watching.application.synthetic, watching.application.load = (
            visits,
            synthetic,
            0.0,
        )
        assert watching.play(300) == (0, [])


def test_a_pause_of_the_whole_machine_for_two_seconds_is_no_incident() -> None:
    for seed in range(amount(5, 2)):
        watching = learnt(seed)
        watching.break_down(Fault(everything_ns=1e9))
        assert watching.play(2) == (0, [])
        watching.break_down(Fault())
        assert watching.play(60) == (0, [])


def test_an_hour_of_healthy_traffic_opens_nothing() -> None:
    """Ten minutes of it, or all with EXAMPLES=all."""
    watching = Watching(SimulatedApplication(np.random.default_rng(3)))

    assert watching.play(amount(3600, 600)) == (0, [])
