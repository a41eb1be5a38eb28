"""The experiments: steady state, injection, recovery, and the ground truth, which only the evaluation reads."""

from collections.abc import Mapping

from sre_chaos.injectors import commits, database, demand, memory, network, signals
from sre_chaos.injectors.commits import Edit
from sre_chaos.run import Experiment, Truth
from sre_chaos.space import SERVICES

USUAL_JOURNEYS = 5.0  # customers a second (apps/traffic)
SURGE, BUSY, QUIET = 20 * USUAL_JOURNEYS, 4 * USUAL_JOURNEYS, 0.02 * USUAL_JOURNEYS

_BAD_POOL = Edit("{service}.env", {"DATABASE_POOL_SIZE": "500"}, "Give {service} a larger pool of connections")
_BAD_LIMIT = Edit("quote-service.env", {"ONLINE_PURCHASE_LIMIT_CENTS": "2500"}, "Online purchases up to 2500")
_BAD_RETRIES = Edit(
    "quote-service.env",
    {"DOWNSTREAM_TIMEOUT_SECONDS": "0.002", "DOWNSTREAM_ATTEMPTS": "8"},
    "Do not wait for slow services: ask them again",
)
_BAD_MEMORY = Edit("space.env", {"{SERVICE}_MEMORY_BYTES": "40000000"}, "Give {service} the memory that it needs")
_GOOD_POOL = Edit("{service}.env", {"DATABASE_POOL_SIZE": "6"}, "One more connection for {service}")

_ALL = (
    Experiment(
        "kill", "SIGKILL: the process is gone", SERVICES, signals.kill, signals.start,
        Truth("policy-service", "", "crash", ("restart",)),
    ),
    Experiment(
        "hang", "SIGSTOP: the process lives and nothing answers", SERVICES, signals.stop, signals.resume,
        Truth("policy-service", "", "hang", ("restart",)),
    ),
    Experiment(
        "crash-loop", "a merged and deployed commit makes the service exit after each start", SERVICES,
        commits.merge(_BAD_POOL), commits.revert, Truth("policy-service", "", "bad-change", ("revert",)),
    ),
    Experiment(
        "oom", "the service's memory grows by 10 MB a second until its limit kills it",
        ("policy-service", "quote-service"), memory.upload, memory.hang_up,
        Truth("policy-service", "POST /risk-assessments", "saturation", ("restart", "set-config")),
    ),
    Experiment(
        "latency", "the network in front of the service holds every byte back for 400 ms",
        ("policy-service", "user-service"), network.slow, network.restore_speed,
        Truth("policy-service", "POST /risk-assessments", "slow-network", ("set-config",)),
    ),
    Experiment(
        "slow-query", "another process locks the service's database for 0.8 s, again and again",
        ("policy-service", "quote-service"), database.lock, database.unlock,
        Truth("policy-service", "INSERT", "slow-query", ("set-config", "escalate")),
    ),
    Experiment(
        "errors", "the service's database refuses three of ten inserts", ("policy-service",),
        database.refuse(30), database.stop_refusing,
        Truth("policy-service", "POST /risk-assessments", "error", ("set-config",)),
    ),
    Experiment(
        "conversion", "a merged and deployed commit makes every purchase end in a refusal, healthy and fast",
        ("quote-service",), commits.merge(_BAD_LIMIT), commits.revert,
        Truth("quote-service", "POST /quotes/{id}/purchase", "bad-change", ("revert",)),
    ),
    Experiment(
        "retry-storm", "a merged and deployed commit makes the service time out early and call eight times",
        ("quote-service",), commits.merge(_BAD_RETRIES), commits.revert,
        Truth("quote-service", "POST /quotes", "bad-change", ("revert",)),
    ),
    Experiment(
        "traffic-surge", "twenty times the customers", ("traffic",), demand.customers(SURGE), demand.restore_demand,
        # A runtime that can scale would; the embedded runtime runs one replica of each (docs/decisions/0011).
        Truth("quote-service", "POST /quotes", "traffic", ("escalate",)),
    ),
    Experiment(
        "bad-limit", "a merged and deployed commit takes a zero off the memory limit: each restart is killed again",
        SERVICES, commits.merge(_BAD_MEMORY), commits.revert_and_start,
        Truth("policy-service", "", "bad-change", ("revert",)),
    ),
    Experiment(
        "stubborn", "the service's database refuses every insert: retries, the fitting remedy, do not help",
        ("policy-service",), database.refuse(100), database.stop_refusing,
        Truth("policy-service", "POST /risk-assessments", "error", ("set-config",)),
    ),
    Experiment(
        "harmless-deploy", "control: a merged and deployed commit that changes nothing for the customers",
        ("user-service", "policy-service", "quote-service"), commits.merge(_GOOD_POOL), commits.revert,
        Truth("", "", "none", ()),
    ),
    Experiment(
        "quiet-night", "control: one customer in ten seconds", ("traffic",),
        demand.customers(QUIET), demand.restore_demand, Truth("", "", "none", ()),
    ),
    Experiment(
        "busy-day", "control: four times the customers", ("traffic",),
        demand.customers(BUSY), demand.restore_demand, Truth("", "", "none", ()),
    ),
    Experiment(
        "blackout", "control: telemetry or bus does not answer for 10 s, the application is healthy",
        ("telemetry", "bus"), signals.stop, signals.resume, Truth("", "", "none", ()), seconds=10.0,
    ),
)  # fmt: skip

EXPERIMENTS: Mapping[str, Experiment] = {experiment.name: experiment for experiment in _ALL}
