"""The application on virtual time: generated traffic, healthy or with a fault, second by second.

Arrivals are Poisson with a daily and a weekly rhythm, latencies log-normal with medians and spreads measured on the
three services (60 s of real spans), errors are rare. Now and then the machine pauses, or a burst of requests fails for
a second or two: both are healthy. Used by the tests of the detectors, which see what Scout would see.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log, pi, sin

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.statistics.sketch import (
    EXEMPLARS,
    GAMMA,
    MAX_BUCKET,
    MIN_BUCKET,
    MIN_DURATION_NS,
    Durations,
    Exemplar,
    Operation,
    Sketch,
)
from sre_space.domain.telemetry import SpanKind

SECOND = 10**9
DAY_S = 86_400
BUY_SHARE = 0.85
THINK_MEAN_S, THINK_MOST_S = 0.7, 3.0
BACKGROUND_ERRORS = 1e-4  # of the requests to each service
PAUSES_A_DAY, BURSTS_A_DAY = 20.0, 3.0  # each lasts one or two seconds
PAUSE_NS, BURST_SHARE = 400e6, 0.3

USERS, POLICIES = "127.0.0.1:8003", "127.0.0.1:8002"
PEERS = {USERS: "user-service", POLICIES: "policy-service", "127.0.0.1:8001": "quote-service"}
CALLS: Mapping[str, tuple[str, ...]] = {
    "quote-service": ("user-service", "policy-service"),
    "policy-service": (),
    "user-service": (),
}
QUOTE = Operation("quote-service", SpanKind.SERVER, "POST /quotes")
PURCHASE = Operation("quote-service", SpanKind.SERVER, "POST /quotes/{id}/purchase")
ASK_USER = Operation("quote-service", SpanKind.CLIENT, "GET", USERS)
ASK_POLICY = Operation("quote-service", SpanKind.CLIENT, "POST", POLICIES)
QUOTE_SQL = Operation("quote-service", SpanKind.CLIENT, "INSERT quote-service.db")
USER = Operation("user-service", SpanKind.SERVER, "GET /users/{id}")
USER_SQL = Operation("user-service", SpanKind.CLIENT, "SELECT user-service.db")
ASSESS = Operation("policy-service", SpanKind.SERVER, "POST /risk-assessments")
ISSUE = Operation("policy-service", SpanKind.SERVER, "POST /policies")
POLICY_SQL = Operation("policy-service", SpanKind.CLIENT, "INSERT policy-service.db")
OPERATIONS = (QUOTE, PURCHASE, ASK_USER, ASK_POLICY, QUOTE_SQL, USER, USER_SQL, ASSESS, ISSUE, POLICY_SQL)

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Spans = dict[Operation, tuple[Numbers, Flags]]  # durations in ns, failed


@dataclass(frozen=True)
class Fault:
    """What is wrong, and how much of it: added ns, or a share."""

    way_to_policy_ns: float = 0.0  # the network from quote to policy
    policy_sql_ns: float = 0.0  # one statement in the database of policy
    user_own_ns: float = 0.0
    policy_errors: float = 0.0
    policy_gone: bool = False
    nobody_buys: bool = False
    gives_up_on_user: float = 0.0  # quote waits 2 ms for user, which answers all the same
    everything_ns: float = 0.0  # a pause of the whole machine


HEALTHY = Fault()


@dataclass(frozen=True)
class Heard:
    """One second: what the spans say, journey attempts, and (moment asked, moment bought or 0) in ns."""

    sketches: dict[tuple[Operation, int], Sketch]
    good: int
    bad: int
    visits: list[tuple[int, int]]


def rhythm(second: float) -> float:
    """Return the load, 0 to 1, at a second of a week that begins on Monday: nights are quiet, weekends too."""
    day, hour = divmod(second / 3600, 24)
    daily = 0.55 + 0.45 * sin(2 * pi * (hour - 9) / 24)
    return daily * (0.6 if day % 7 >= 5 else 1.0)


@dataclass
class SimulatedApplication:
    """Draws the spans of visits. `load` slows everything by up to 30 %."""

    chance: np.random.Generator
    per_second: float = 5.0
    synthetic: float = 1.0
    load: float = 0.5
    fault: Fault = HEALTHY

    def second(self, at: int) -> Heard:
        """Everything that ends in a Unix second."""
        count = int(self.chance.poisson(self.per_second + self.synthetic))
        spans, good, bought = self.visits(count)
        moments = (at * SECOND + self.chance.random(count) * SECOND).astype(int)
        thinks = np.minimum(THINK_MOST_S, self.chance.exponential(THINK_MEAN_S, count)) + 0.05
        visits = [
            (int(moment), int(moment + think * SECOND) if buys else 0)
            for moment, think, buys in zip(moments, thinks, bought, strict=True)
        ]
        sketches = {
            (operation, at): sketch_of(durations, failed, self.chance)
            for operation, (durations, failed) in spans.items()
            if len(durations)
        }
        return Heard(sketches, int(good.sum()), int(len(good) - good.sum()), visits)

    def visits(self, count: int) -> tuple[Spans, Flags, Flags]:
        """Spans of `count` visits, which attempts were good, and which visits ended in a purchase."""
        user, user_sql = self._user(count)
        assess, assess_sql, assessed = self._policy(count)
        ask_user, ask_policy = user[0] + self._ms(0.9, count), self._way(assess)
        own_sql = self._ms(0.08, count)
        quote = self._ms(5.0, count) + own_sql + ask_user + ask_policy
        hasty = (
            self._fails(count, self.fault.gives_up_on_user) if self.fault.gives_up_on_user else np.zeros(count, bool)
        )
        ask_user[hasty] = np.minimum(ask_user[hasty], 2e6)
        broken = user[1] | assessed | hasty
        buys = (self.chance.random(count) < BUY_SHARE) & ~broken
        number = int(buys.sum())
        issue, issue_sql, issued = self._policy(number)
        ask_again = self._way(issue)
        purchase = self._ms(3.5, number) + ask_again
        spans: Spans = {
            USER: user, USER_SQL: (user_sql, np.zeros(count, bool)), ASK_USER: (ask_user, user[1] | hasty),
            ASSESS: (assess, assessed), ISSUE: (issue, issued),
            POLICY_SQL: _both((assess_sql, np.zeros(count, bool)), (issue_sql, np.zeros(number, bool))),
            ASK_POLICY: _both((ask_policy, assessed), (ask_again, issued)), QUOTE_SQL: (own_sql, np.zeros(count, bool)),
            QUOTE: (quote, broken), PURCHASE: (purchase, issued),
        }  # fmt: skip
        if self.fault.policy_gone:
            spans = {one: both for one, both in spans.items() if one.service != "policy-service"}
        bought = np.zeros(count, bool) if self.fault.nobody_buys else buys.copy()
        bought[np.flatnonzero(buys)[issued]] = False
        return spans, ~np.concatenate([broken, issued]), bought

    def _user(self, count: int) -> tuple[tuple[Numbers, Flags], Numbers]:
        statement = self._ms(0.1, count)
        own = self._ms(1.8, count) + self.fault.user_own_ns + self.fault.everything_ns
        return (own + statement, self._fails(count, BACKGROUND_ERRORS)), statement

    def _policy(self, count: int) -> tuple[Numbers, Numbers, Flags]:
        statement = self._ms(0.1, count) + self.fault.policy_sql_ns
        server = self._ms(2.4, count) + statement + self.fault.everything_ns
        share = 1.0 if self.fault.policy_gone else max(BACKGROUND_ERRORS, self.fault.policy_errors)
        return server, statement, self._fails(count, share)

    def _way(self, server: Numbers) -> Numbers:
        if self.fault.policy_gone:
            return self._ms(1.0, len(server))
        return server + self._ms(0.9, len(server)) + self.fault.way_to_policy_ns

    def _ms(self, median: float, count: int) -> Numbers:
        return self.chance.lognormal(log(median * 1e6 * (1 + 0.3 * self.load)), 0.5, count)

    def _fails(self, count: int, share: float) -> Flags:
        return self.chance.random(count) < share


def _both(one: tuple[Numbers, Flags], other: tuple[Numbers, Flags]) -> tuple[Numbers, Flags]:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def sketch_of(durations: Numbers, failed: Flags, chance: np.random.Generator) -> Sketch:
    """Return the sketch that `Sketch.add` makes of these spans, computed at once; draw the trace ids at random."""
    whole = durations.astype(np.int64)
    kept = Durations(len(whole), int(whole.sum()), dict(sorted(Counter(buckets_of(whole).tolist()).items())))
    longest = sorted(whole.tolist(), reverse=True)[:EXEMPLARS]
    slowest = tuple(map(Exemplar, longest, _ids(len(longest), chance)))
    wrong = whole[failed].tolist()
    broken = sorted(zip(_ids(len(wrong), chance), wrong, strict=True))[:EXEMPLARS]
    return Sketch(kept, int(failed.sum()), slowest, tuple(Exemplar(duration, id) for id, duration in broken))


def _ids(count: int, chance: np.random.Generator) -> list[bytes]:
    drawn = chance.bytes(16 * count) if count else b""
    return [drawn[at : at + 16] for at in range(0, len(drawn), 16)]


def buckets_of(durations: NDArray[np.int64]) -> NDArray[np.int64]:
    """`bucket_of` of each."""
    clipped = np.log(np.maximum(durations, MIN_DURATION_NS)) * (1 / log(GAMMA))
    return np.clip(clipped.astype(np.int64), MIN_BUCKET, MAX_BUCKET)


def law(operation: Operation, load: float, chance: np.random.Generator, visits: int = 20_000) -> Numbers:
    """Estimate the probability of each bucket from `MIN_BUCKET` on, for one operation under a load."""
    spans, _, _ = SimulatedApplication(chance, load=load).visits(visits)
    counts = np.bincount(
        buckets_of(spans[operation][0].astype(np.int64)) - MIN_BUCKET, minlength=MAX_BUCKET - MIN_BUCKET + 1
    )
    return np.asarray(counts / counts.sum())
