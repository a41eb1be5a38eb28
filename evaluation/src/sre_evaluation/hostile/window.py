"""Runs one window of a system: arrivals, jobs, rollouts and restarts, and everything that follows from them."""

import random
from collections.abc import Sequence

from sre_evaluation.hostile.fault import Fault
from sre_evaluation.hostile.kernel import Steps, sleep
from sre_evaluation.hostile.metering import Metering
from sre_evaluation.hostile.records import DEBUG, Observed
from sre_evaluation.hostile.serving import Serving
from sre_evaluation.hostile.topology import System
from sre_evaluation.hostile.world import Plan, State, World

DRAIN_MS, RESTART_MS = 3000.0, 4000.0


def observe(system: System, plan: Plan, seed: str, label: str, faults: Sequence[Fault] = ()) -> Observed:
    """Return what a window leaves; the same arguments leave the same."""
    world = World(system, plan, random.Random(seed), label)
    serving = Serving(world, faults)
    for fault in faults:
        fault.begin(world)
    world.kernel.spawn(Metering(world, faults).sample())
    world.kernel.spawn(_arrivals(serving))
    if plan.rollout:
        world.kernel.spawn(_rollout(world))
    if plan.restart:
        world.kernel.spawn(_restart(world))
    if plan.batch is not None:
        world.kernel.spawn(_batch(serving))
    world.kernel.run(plan.seconds * 1000)
    return world.observed


def _arrivals(serving: Serving) -> Steps[None]:
    world = serving.world
    kinds, weights = zip(*world.plan.weights, strict=True)
    while True:
        yield from sleep(world.chance.expovariate(world.plan.rate / 1000))
        operation = world.chance.choices(kinds, weights)[0]
        world.kernel.spawn(serving.customer(operation))
        if world.plan.debug:
            instance = world.pick(operation.service)
            world.say(instance, DEBUG, f"headers accepted, {world.chance.randrange(9, 30)} in all, error=none")


def _rollout(world: World) -> Steps[None]:
    """Replace the instances one after the other, each drained first: no request fails."""
    everybody = world.instances[world.plan.rollout]
    for number, old in enumerate(list(everybody)):
        yield from sleep(world.plan.seconds * 200 / len(everybody))
        fresh = world.start(old.service, f"{old.service.name}-{world.label}n-{number}", world.kernel.now, "1.5.0")
        world.say(fresh, "INFO", f"Started {old.service.name} version 1.5.0")
        old.draining = True
        everybody.append(fresh)
        yield from sleep(DRAIN_MS)
        everybody[number] = everybody.pop()


def _restart(world: World) -> Steps[None]:
    """Restart one of several instances, drained first; its counters begin anew."""
    instance = world.instances[world.plan.restart][0]
    yield from sleep(world.plan.seconds * 300)
    instance.draining = True
    yield from sleep(DRAIN_MS)
    instance.state = State.DOWN
    world.say(instance, "INFO", "SIGTERM received, shutting down")
    yield from sleep(RESTART_MS)
    instance.state, instance.draining, instance.started = State.UP, False, world.kernel.now
    instance.restarts += 1
    instance.meters = type(instance.meters)()


def _batch(serving: Serving) -> Steps[None]:
    batch = serving.world.plan.batch
    while batch is not None:
        yield from sleep(serving.world.plan.seconds * 1000 / 6)
        yield from serving.job(batch)
