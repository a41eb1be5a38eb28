"""The innocent ways in which an incident's window differs from health: of its load and its habits (`PLANS`).

Those of its telemetry are in `defects`. None of them makes a customer's request fail or wait.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from sre_evaluation.hostile.topology import Background, Call, Operation, System
from sre_evaluation.hostile.world import Plan

Change = Callable[[Plan, System, random.Random], Plan]


def _mix(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, weights=tuple((entry, weight * chance.choice((0.2, 1, 5))) for entry, weight in plan.weights))


def _answers(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, missing=chance.choice((3.0, 4.0)))


def _new_operation(plan: Plan, system: System, chance: random.Random) -> Plan:
    """Let customers ask for something new, through another selection of what there is."""
    below = [step for operation in system.operations() for step in operation.steps if isinstance(step, Call)]
    first = plan.weights[0][0]
    steps = tuple(chance.sample(below, min(2, len(below))))
    fresh = Operation(
        first.service, "GET /v2/overview" if " " in first.name else "Api/Overview", 6.0, steps, missing=0.03
    )
    return replace(plan, weights=(*plan.weights, (fresh, sum(weight for _, weight in plan.weights) / 2)))


def _more(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, rate=plan.rate * chance.uniform(1.5, 2.5))


def _less(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, rate=plan.rate * chance.uniform(0.25, 0.6))


def _small(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, rate=chance.uniform(22, 45) / plan.seconds)


def _retries(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, blips=0.008)


def _cold_cache(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, cache_hits=chance.uniform(0.5, 0.8))


def _batch(plan: Plan, system: System, chance: random.Random) -> Plan:
    work = chance.choice(system.operations())
    steps = (*work.steps[:2], Background("compaction", 900.0))
    return replace(plan, batch=Operation(work.service, "nightly-report", chance.uniform(200, 1200), steps))


def _rollout(plan: Plan, system: System, chance: random.Random) -> Plan:
    return replace(plan, rollout=chance.choice([*system.services]))


def _restart(plan: Plan, system: System, chance: random.Random) -> Plan:
    several = [service.name for service in system.services.values() if service.instances > 1]
    return replace(plan, restart=chance.choice(several)) if several else plan


def _lingering(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, lingering=chance.uniform(0.1, 0.4))


def _busy_node(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, node_busy=0.93)


def _handled(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, handled=0.12)


def _debug(plan: Plan, system: System, chance: random.Random) -> Plan:  # noqa: ARG001
    return replace(plan, debug=True)


PLANS: Mapping[str, Change] = {
    "another mix of requests": _mix, "another mix of answers": _answers, "a new operation": _new_operation,
    "more load": _more, "less load": _less, "a small sample": _small, "retries": _retries,
    "a cold cache": _cold_cache, "a batch job": _batch, "a rolling deployment": _rollout, "a restart": _restart,
    "children that outlive their parents": _lingering,
    "a busy node": _busy_node, "handled warnings": _handled, "debug logging": _debug,
}  # fmt: skip
