"""The agents heal the application on real servers of other people, also when Kafka is restarted or Jaeger is away."""

from pathlib import Path
from time import time_ns

import pytest
from support.live import LiveSpace
from support.real_space import RealSpace
from support.repairs import chaos, config, first_diagnosis, tried, verdicts
from support.waiting import until

from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Outcome
from sre_space.domain.labels import NEEDS_HUMAN

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.real, pytest.mark.timeout(420)]

LATENCY = "latency/policy-service"
SLOW_S = 1.5  # of each answer of Jaeger: below what a request may take, above what is usual


def killed(live: LiveSpace, service: str = "policy-service") -> Case:
    """Kill a service; return its incident once it is closed."""
    since = time_ns()
    live.kill(service)
    return live.closed(live.outage(service, since).issue)


def eased(live: LiveSpace, since: int) -> Case:
    """Return the incident of a slow policy-service once a person is asked for the rest."""
    until(lambda: NEEDS_HUMAN in live.incident(LATENCY, since).labels, "a person is asked for the rest")
    return live.incident(LATENCY, since)


def test_the_space_starts_none_of_these_servers_and_its_topics_have_the_partitions_that_they_need(
    real: RealSpace,
) -> None:
    live = real.live
    units = {unit.name for unit in space_supervisor.units(live.running.socket)}

    assert not units & {"bus", "telemetry", "chroma"}
    assert set(live.running.servers) == set(real.servers.settings)
    wanted = {"otlp_spans": 4, "sre_signals": 1, "sre_sightings": 1, "sre_facts": 1}
    assert until(lambda: len(found := real.partitions(*wanted)) == len(wanted) and found, "all are there") == wanted
    assert not list((live.state.root / "apps").glob("*.db*"))


def test_a_killed_service_is_restarted_and_the_incident_remembered(real: RealSpace) -> None:
    case = killed(real.live)

    assert first_diagnosis(case) == ("policy-service", CauseKind.CRASH)
    assert verdicts(case) == [Outcome.RECOVERED]


def test_a_slow_network_is_worked_around(desired: LiveSpace) -> None:
    since = time_ns()
    chaos(desired, "latency")
    case = eased(desired, since)

    assert first_diagnosis(case) == ("policy-service", CauseKind.SLOW_NETWORK)
    assert tried(case)[0] == "PR SET quote-service RISK_FALLBACK: IMPROVED"
    chaos(desired, "--recover")
    assert verdicts(desired.closed(case.issue))[-1] is Outcome.RECOVERED


def test_statements_that_wait_for_a_lock_in_postgresql_are_worked_around(real: RealSpace, desired: LiveSpace) -> None:
    since = time_ns()
    with real.servers.locked("policy-service", "assessments"):
        case = eased(desired, since)

    assert first_diagnosis(case) == ("policy-service", CauseKind.SLOW_QUERY)
    assert tried(case)[0] == "PR SET quote-service RISK_FALLBACK: IMPROVED"
    assert verdicts(desired.closed(case.issue))[-1] is Outcome.RECOVERED


def test_a_commit_after_which_nobody_buys_is_reverted(desired: LiveSpace) -> None:
    """Whichever incident is opened first: on a busy machine the restart of its deployment is slow to answer."""
    since = time_ns()
    chaos(desired, "conversion")
    reverted = "PR REVERT quote-service: RECOVERED"
    (case,) = until(
        lambda: [one for one in desired.cases(since) if not one.is_open and reverted in tried(one)], "it is reverted"
    )

    assert first_diagnosis(case) == ("quote-service", CauseKind.BAD_CHANGE)
    assert "ONLINE_PURCHASE_LIMIT_CENTS=250000" in config(desired, "quote-service")


def test_two_scouts_share_four_partitions_and_one_of_them_opens_the_incident(
    real: RealSpace, desired: LiveSpace, tmp_path: Path
) -> None:
    with real.second_scout(tmp_path):
        until(lambda: [len(share) for share in real.shares("sre-scout")] == [2, 2], "each has two partitions")
        until(lambda: [len(share) for share in real.shares("sre-scout-judge")] == [1, 0], "one of them evaluates")
        since = time_ns()
        chaos(desired, "latency")
        case = eased(desired, since)
        assert first_diagnosis(case) == ("policy-service", CauseKind.SLOW_NETWORK)
        chaos(desired, "--recover")
        desired.closed(case.issue)

    assert len(desired.incidents(LATENCY, since)) == 1


def test_a_slow_jaeger_delays_a_repair_and_prevents_none(real: RealSpace) -> None:
    real.jaeger.fault.delay_s = SLOW_S
    try:
        case = killed(real.live)
    finally:
        real.jaeger.fault.delay_s = 0.0

    assert first_diagnosis(case) == ("policy-service", CauseKind.CRASH)
    assert verdicts(case) == [Outcome.RECOVERED]


def test_without_jaeger_a_killed_service_is_restarted_on_the_evidence_that_is_left(real: RealSpace) -> None:
    real.servers.jaeger.kill()
    try:
        case = killed(real.live)
    finally:
        real.servers.jaeger.start()

    assert verdicts(case) == [Outcome.RECOVERED]


def test_kafka_is_killed_and_restarted_in_mid_incident_which_is_verified_once_it_is_back(real: RealSpace) -> None:
    live, since, starts = real.live, time_ns(), real.live.starts("policy-service")
    live.kill("policy-service")
    issue = live.outage("policy-service", since).issue
    real.servers.kafka.kill()
    until(lambda: live.starts("policy-service") == starts + 1, "it is restarted without the bus")
    real.servers.kafka.start()
    case = live.closed(issue)

    assert verdicts(case)[-1] is Outcome.RECOVERED
    assert live.starts("policy-service") == starts + 1
    live.healthy()
    assert verdicts(killed(live)) == [Outcome.RECOVERED]
