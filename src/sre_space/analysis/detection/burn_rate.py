"""The journey's error budget and its burn-rate alerts, multi-window and multi-burn-rate.

Exactly the recommended parameters of the Site Reliability Workbook, chapter 5, "6: Multiwindow, Multi-Burn-Rate
Alerts": an alert fires while both its long and its short window burn faster than its factor. All windows can be
shortened by one factor; `least_bad` keeps a handful of failures on a quiet night from being an alert.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.domain.detectors import BurnReport, DetectorReport, DetectorState, MeasureUnit
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
PATIENCE_NS = 8 * SECOND  # for a culprit's alarm, longer than a victim's: a journey is never the culprit
BUCKETS = 60  # per window: its length is exact to a sixtieth
BUDGET_S = 30 * 86_400
MIN_BAD = 10


@dataclass(frozen=True)
class Rule:
    """One row of the Workbook's table: burn rate, long and short window in seconds."""

    factor: float
    long_s: float
    short_s: float


WORKBOOK = (Rule(14.4, 3_600, 300), Rule(6, 21_600, 1_800), Rule(1, 259_200, 21_600))


@dataclass
class Counts:
    """Good and bad attempts of the last `length` ns, in a ring of buckets: adding and reading take constant time."""

    length: int
    good: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))
    bad: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))
    head: int = 0
    totals: tuple[int, int] = (0, 0)

    def add(self, at: int, good: int, bad: int) -> None:
        """Count attempts at a Unix ns; attempts older than the window are ignored."""
        number = self._number(at)
        self._turn(number)
        if number > self.head - len(self.good):
            self.good[number % len(self.good)] += good
            self.bad[number % len(self.bad)] += bad
            self.totals = self.totals[0] + good, self.totals[1] + bad

    def at(self, now: int) -> tuple[int, int]:
        """Return the good and bad attempts of the window that ends now (Unix ns); the oldest bucket counts whole."""
        self._turn(self._number(now))
        return self.totals

    def forget(self, since: int) -> None:
        """Remove what was counted from a Unix ns on, exact to a bucket."""
        for number in range(max(self._number(since), self.head - len(self.good) + 1), self.head + 1):
            self._clear(number % len(self.good))

    def _clear(self, place: int) -> None:
        self.totals = self.totals[0] - self.good[place], self.totals[1] - self.bad[place]
        self.good[place] = self.bad[place] = 0

    def _number(self, at: int) -> int:
        return at * BUCKETS // self.length

    def _turn(self, number: int) -> None:
        for old in range(max(self.head + 1, number - len(self.good) + 1), number + 1):
            self._clear(old % len(self.good))
        self.head = max(self.head, number)


@dataclass(frozen=True)
class Burn:
    """An alert that fires: its rule, the burn rates of both windows, the bad attempts of the long window."""

    rule: Rule
    long: float
    short: float
    bad: int

    @property
    def lower_rate(self) -> float:
        """Return the lower burn rate of the two windows: both burn at least this fast."""
        return min(self.long, self.short)


@dataclass
class Budget:
    """The error budget of one journey. `scale` shortens all windows: 1 is the Workbook, 1/60 makes an hour a minute.

    `begun` is the time of the oldest attempt that was counted (Unix ns); 0 before the first.
    """

    journey: str
    slo: float = 0.999
    scale: float = 1.0
    rules: Sequence[Rule] = WORKBOOK
    least_bad: int = MIN_BAD
    windows: dict[float, Counts] = field(init=False)
    since: dict[Rule, int] = field(default_factory=dict, init=False)
    begun: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Create one ring of counts for each window length."""
        lengths = {BUDGET_S, *(length for rule in self.rules for length in (rule.long_s, rule.short_s))}
        self.windows = {length: Counts(int(length * self.scale * SECOND)) for length in sorted(lengths)}

    def add(self, at: int, good: int, bad: int, inhibited: bool = False) -> None:
        """Count attempts that began at a Unix ns.

        Attempts that belong to an open incident spend the budget and raise no alert.
        """
        self.begun = min(at, self.begun or at)
        for length, window in self.windows.items():
            if length == BUDGET_S or not inhibited:
                window.add(at, good, bad)

    def exempt(self, since: int) -> None:
        """Remove the attempts since a Unix ns from the alert windows, because an incident was opened for them."""
        for length, window in self.windows.items():
            if length != BUDGET_S:
                window.forget(since)

    def burning(self, now: int) -> list[Burn]:
        """Return the alerts that fire at a Unix ns, the fastest burn first."""
        burns = [self._burn(rule, now) for rule in self.rules]
        fired = [burn for burn in burns if min(burn.long, burn.short) > burn.rule.factor and burn.bad >= self.least_bad]
        self.since = {burn.rule: self.since.get(burn.rule, now) for burn in fired}
        return fired

    def spent(self, now: int) -> float:
        """Return the share of the budget of 30 days (times `scale`) that the attempts so far spent; may exceed 1."""
        return self._rate(BUDGET_S, now)

    def findings(self, now: int) -> list[FiredAlarm]:
        """Return the alarm of the fastest burn at a Unix ns, if any alert fires."""
        return [self._finding(burn) for burn in self.burning(now)[:1]]

    def report(self, now: int) -> DetectorReport:
        """Return the alert that is nearest to its factor at a Unix ns: how many times too fast its windows burn."""
        fired = self.burning(now)
        burns = fired or [self._burn(rule, now) for rule in self.rules]
        nearest = max(burns, key=lambda burn: burn.lower_rate / burn.rule.factor)
        long, short = (seconds * self.scale for seconds in (nearest.rule.long_s, nearest.rule.short_s))
        state, why = DetectorState.OK, f"within {long:g} s and within {short:g} s; {nearest.bad} bad"
        if fired:
            state = DetectorState.FIRING
        elif not any(self.windows[self.rules[0].long_s].at(now)):
            state, why = DetectorState.UNKNOWN, f"no attempt counts within {self.rules[0].long_s * self.scale:g} s"
        return DetectorReport(
            SymptomKind.SLO,
            self.journey,
            state,
            since=self._begun(nearest) if fired else 0,
            value=None if state is DetectorState.UNKNOWN else round(nearest.lower_rate, 2),
            threshold=nearest.rule.factor,
            unit=MeasureUnit.TIMES,
            why=why,
        )

    def burns(self, now: int) -> tuple[BurnReport, ...]:
        """Return what each alert compares at a Unix ns, with how much of its long window was observed."""
        return tuple(self._compared(rule, now) for rule in self.rules)

    def _compared(self, rule: Rule, now: int) -> BurnReport:
        long_s, observed = rule.long_s * self.scale, (now - self.begun) / SECOND if self.begun else 0.0
        rate = round(self._burn(rule, now).lower_rate, 2) if any(self.windows[rule.long_s].at(now)) else None
        return BurnReport(long_s, rule.short_s * self.scale, rule.factor, rate, round(min(long_s, observed), 1))

    def _burn(self, rule: Rule, now: int) -> Burn:
        bad = self.windows[rule.long_s].at(now)[1]
        return Burn(rule, self._rate(rule.long_s, now), self._rate(rule.short_s, now), bad)

    def _rate(self, length: float, now: int) -> float:
        """Return the burn rate of one window: its error rate over the budgeted one."""
        good, bad = self.windows[length].at(now)
        return bad / (good + bad) / (1 - self.slo) if bad else 0.0

    def _finding(self, burn: Burn) -> FiredAlarm:
        minutes = burn.rule.long_s * self.scale / 60
        within = f"{minutes:g} minute{'' if minutes == 1 else 's'}"
        detail = f"{burn.bad} bad attempts in {within} burn the error budget at {burn.long:.1f} times its rate"
        burns, begun = round(burn.long, 2), self._begun(burn)
        symptom = Symptom(SymptomKind.SLO, self.journey, detail, burns, burn.rule.factor, begun)
        return FiredAlarm(symptom, fired=self.since[burn.rule], journey=True, patience=PATIENCE_NS)

    def _begun(self, burn: Burn) -> int:
        return self.since[burn.rule] - int(burn.rule.short_s * self.scale * SECOND)
