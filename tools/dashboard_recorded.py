"""Serves the dashboard without a space, for work on the page: recorded facts, a report each second, live incidents.

The closed incidents are those of tests/compat, with their signatures and bundles. Live ones repeat recorded incidents,
signed with keys made here: one opens, is healed and closes, again and again; now and then a plan waits for a person.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import random
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from support.recorded import SPACES, Chain, archive, case_of, chains, forge_with  # noqa: E402
from support.world import MemoryForge  # noqa: E402
from ulid import ULID  # noqa: E402

from sre_space.adapters.block_database import BlockDatabase  # noqa: E402
from sre_space.adapters.config_file import read_config  # noqa: E402
from sre_space.adapters.ed25519 import KeyFile, TrustFolder, make_key  # noqa: E402
from sre_space.adapters.halt_file import HaltFile  # noqa: E402
from sre_space.adapters.operator_keys import OperatorKeys  # noqa: E402
from sre_space.adapters.system_clock import SystemClock  # noqa: E402
from sre_space.codec.case_files import INCIDENT, TRACES  # noqa: E402
from sre_space.codec.footer import render, sign  # noqa: E402
from sre_space.codec.jaeger import spans_of  # noqa: E402
from sre_space.codec.symptom_report import SymptomReport, encode  # noqa: E402
from sre_space.codec.topics import FACTS, SYMPTOM_REPORTS  # noqa: E402
from sre_space.codec.wake_ups import WakeUp  # noqa: E402
from sre_space.dashboard.acting.desk import Desk  # noqa: E402
from sre_space.dashboard.dashboard import Dashboard  # noqa: E402
from sre_space.dashboard.following.record import Record as Followed  # noqa: E402
from sre_space.dashboard.following.reports import Reports  # noqa: E402
from sre_space.dashboard.following.surroundings import Surroundings  # noqa: E402
from sre_space.dashboard.following.traces import TraceSources  # noqa: E402
from sre_space.dashboard.history.recorder import Recorder  # noqa: E402
from sre_space.dashboard.serving.app import application  # noqa: E402
from sre_space.dashboard.serving.guard import Rules  # noqa: E402
from sre_space.dashboard.serving.server import bind, serve  # noqa: E402
from sre_space.dashboard.stream.hub import Hub  # noqa: E402
from sre_space.dashboard.watching import Setting, Watching  # noqa: E402
from sre_space.domain.detectors import (  # noqa: E402
    BurnReport,
    DetectorReport,
    DetectorsReport,
    DetectorState,
    JourneyReport,
    MeasureUnit,
    ReportedInhibition,
    ServiceReport,
)
from sre_space.domain.errors import Refused  # noqa: E402
from sre_space.domain.facts import OWNER, Agent, Decision, Detection, Fact, Outcome, Verification  # noqa: E402
from sre_space.domain.labels import HOLD, ORDERS  # noqa: E402
from sre_space.domain.remedies import Restart  # noqa: E402
from sre_space.domain.space_config import Autonomy, SpaceConfig  # noqa: E402
from sre_space.domain.symptoms import SymptomKind  # noqa: E402
from sre_space.domain.telemetry import Span, SpanStatus  # noqa: E402
from sre_space.ports.bus import Record  # noqa: E402
from sre_space.ports.forge import Issue  # noqa: E402
from sre_space.ports.runtime import Unit  # noqa: E402
from sre_space.record.holds import IssueHolds  # noqa: E402
from sre_space.record.incident_repository import IncidentRepository  # noqa: E402
from sre_space.record.orders import IssueOrders  # noqa: E402
from sre_space.text.prose import prose, title  # noqa: E402

SECOND = 10**9
REPOSITORY = "local/cloud-insurance"
SLO = 0.999
PLAN = "waiting-plan"
ENOUGH = 40  # good attempts after an action, in an example
QUIET_S, BETWEEN_S = 40.0, 8.0
SEEN_AFTER_NS = 12 * SECOND  # at most: so long before its detection a live incident begins
LIVE = ("issue-01", "issue-13", "issue-07", PLAN)


@dataclass
class Topic:
    """A topic in memory: implements the ports of the bus for one reader."""

    name: str
    records: list[Record] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    read: int = 0

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Append a record."""
        self.records.append(Record(topic, 0, len(self.records), time.time_ns(), value, key, headers or {}))
        self.news.set()

    async def next(self, timeout: float) -> Sequence[Record]:
        """Return what is new."""
        if self.read == len(self.records):
            self.news.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self.news.wait()
            except TimeoutError:
                return ()
        found, self.read = self.records[self.read :], len(self.records)
        return found

    async def window(self, *_: object, **__: object) -> Sequence[Record]:
        """Return nothing: no report is from before."""
        return ()

    async def commit(self) -> None:
        """Do nothing."""

    def owns(self) -> bool:
        """Return True."""
        return True

    async def close(self) -> None:
        """Do nothing."""


class Nobody:
    """Nobody may order in words."""

    async def may_write(self, _: str) -> bool:
        """Return False."""
        return False

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Units:
    """A runtime in which everything runs but what is `down`."""

    names: Sequence[str]
    down: set[str] = field(default_factory=set)

    async def units(self) -> Sequence[Unit]:
        """Return all units."""
        return [
            Unit(name, "exited" if name in self.down else "running", "1:1", 1, time.time_ns(), None)
            for name in self.names
        ]

    async def unit(self, name: str) -> Unit:
        """Return one."""
        return next(unit for unit in await self.units() if unit.name == name)


@dataclass(frozen=True)
class RecordedBundles:
    """The recorded bundles, for every diagnosis of their kind: only two were recorded, and not byte for byte."""

    files: Mapping[str, Mapping[str, bytes]]
    restarts: frozenset[str]

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """Refuse: what was recorded does not change."""
        raise Refused(f"the recorded bundles are only read; {len(files)} files were not kept")

    async def load(self, name: str) -> Mapping[str, bytes]:
        """Return the files of a bundle of that kind."""
        return self.files["restart" if name in self.restarts else "change"]


@dataclass(frozen=True)
class RecordedStore:
    """A trace store: the traces of a recorded bundle as if they were new; failed ones only while something is ill."""

    spans: Sequence[Span]
    ill: Mapping[str, float]

    async def window(self, service: str, since: int, until: int, limit: int = 200) -> Sequence[Span]:
        """Return the traces with a span of the service, their newest span at the end of the window."""
        failed = frozenset() if self.ill else {span.trace_id for span in self.spans if span.status is SpanStatus.ERROR}
        mine = {span.trace_id for span in self.spans if span.service == service} - failed
        newest = max(span.end for span in self.spans)
        by = min(until, time.time_ns()) - newest
        chosen = sorted(mine)[:limit] if until - since > 0 else []
        return [replace(one, start=one.start + by, end=one.end + by) for one in self.spans if one.trace_id in chosen]

    async def trace(self, trace_id: str) -> Sequence[Span]:
        """Return one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    async def close(self) -> None:
        """Do nothing."""


@dataclass
class World:
    """The made-up application and its live incidents, over real codecs and keys."""

    config: SpaceConfig
    forge: MemoryForge
    keys: dict[Agent, KeyFile]
    reports: Topic
    wake_ups: Topic
    units: Units
    recorded: dict[str, Chain]
    live_names: Sequence[str]
    quiet_s: float
    begun: int = field(default_factory=time.time_ns)
    ill: dict[str, float] = field(default_factory=dict)
    since: int = 0
    totals: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, list[tuple[int, int]]] = field(default_factory=dict)  # attempts and failed ones of each second

    async def report_forever(self) -> None:
        """Send a signed report each second."""
        while True:
            now = time.time_ns()
            report = self.report(now)
            seen = tuple(f"infrastructure/{name}" for name in self.ill if name in self.config.services)
            value, headers = encode(SymptomReport(REPOSITORY, now, seen, False, report), self.keys[Agent.SCOUT])
            await self.reports.publish(SYMPTOM_REPORTS, value, headers=headers)
            await asyncio.sleep(1.0 - time.time() % 1.0)

    def report(self, now: int) -> DetectorsReport:
        """Return a report: all well, but what an incident made ill."""
        harm = max(self.ill.values(), default=0.0)
        journeys = tuple(self.journey(name.name, now, harm) for name in self.config.journeys)
        services = tuple(self.service(name, now) for name in self.config.services)
        rows = [row for name in self.config.services for row in self.detectors(name, now)]
        for journey in self.config.journeys:
            value = (0.61 + 0.01 * math.sin(now / 2e10)) * (1 - harm)
            firing = value < 0.5
            state = DetectorState.FIRING if firing else DetectorState.OK
            rows.append(
                DetectorReport(
                    SymptomKind.CONVERSION, journey.name, state, since=self.since if firing else self.begun,
                    value=round(value, 4), threshold=0.5, baseline=0.61, why="fewer than usual" if firing else "",
                )
            )  # fmt: skip
            burn = self.burn(journey.name, 3600)
            rows.append(
                DetectorReport(
                    SymptomKind.SLO, journey.name, DetectorState.FIRING if burn > 14.4 else DetectorState.OK,
                    since=self.since if burn > 14.4 else self.begun, value=round(burn, 1), threshold=14.4,
                    unit=MeasureUnit.TIMES, why="within 3600 s and within 300 s",
                )
            )  # fmt: skip
        order = list(DetectorState)
        rows.sort(key=lambda row: (order.index(row.state), row.kind.value, row.subject))
        excused = (ReportedInhibition(self.since, 0, tuple(self.ill), "an incident"),) if self.ill else ()
        budgets = {journey.name: 0.18 for journey in self.config.journeys}
        return DetectorsReport(now, tuple(rows), excused, budgets, journeys=journeys, services=services)

    def journey(self, name: str, now: int, harm: float) -> JourneyReport:
        """Return counts that only grow."""
        totals = self.totals.setdefault(name, [0, 0, 0, 0])
        attempts = random.randint(8, 14)
        failed = sum(random.random() < max(harm, 0.0004) for _ in range(attempts))
        customers = attempts // 2
        sold = sum(random.random() < 0.61 * (1 - harm) for _ in range(customers))
        new = (attempts - failed, failed, customers, sold)
        totals[:] = [total + one for total, one in zip(totals, new, strict=True)]
        self.seconds.setdefault(name, []).append((attempts, failed))
        data = (now - self.begun) / SECOND
        burns = tuple(
            BurnReport(
                long, short, factor, round(min(self.burn(name, long), self.burn(name, short)), 2), min(long, data)
            )
            for long, short, factor in ((3600, 300, 14.4), (21_600, 1800, 6), (259_200, 21_600, 1))
        )
        good, bad, asked, bought = totals
        return JourneyReport(name, self.begun, good, bad, asked, bought, burns)

    def burn(self, name: str, window: int) -> float:
        """Return how many times its rate the error budget is spent, of what is known of so many seconds."""
        known = self.seconds.get(name, [])[-window:]
        attempts, failed = sum(one for one, _ in known), sum(one for _, one in known)
        return failed / attempts / (1 - SLO) if failed else 0.0

    def service(self, name: str, now: int) -> ServiceReport:
        """Return one service's numbers."""
        harm, wave = self.ill.get(name, 0.0), math.sin(now / 4e10 + len(name))
        return ServiceReport(
            name, rate=round((12 + 3 * wave) * (1 - harm * 0.6), 2), errors=round(harm, 4),
            p95=None if harm == 1.0 else round(0.05 + 0.02 * wave + harm, 4), memory=240e6 + 20e6 * wave,
            memory_limit=400e6, restarts=0, watched=self.begun, commit="7437fcb3877e" + "0" * 28,
            deployed=self.begun - 1200 * SECOND,
        )  # fmt: skip

    def detectors(self, name: str, now: int) -> Sequence[DetectorReport]:
        """Return the rows of one service."""
        ill = name in self.ill
        state, since = (DetectorState.FIRING, self.since) if ill else (DetectorState.OK, self.begun)
        learning = now - self.begun < 60 * SECOND
        latency = DetectorState.LEARNING if learning else DetectorState.OK
        return (
            DetectorReport(
                SymptomKind.INFRASTRUCTURE, name, state, since=since, value=(now - since) / SECOND if ill else 0.0,
                threshold=0.5, unit=MeasureUnit.SECONDS, why="no connection (ConnectError)" if ill else "",
            ),
            DetectorReport(
                SymptomKind.LATENCY, name, latency, "all requests", self.begun, 0.02, 0.12, 0.02,
                why="41 of 60 s learnt" if learning else "", until=self.begun + 60 * SECOND if learning else 0,
            ),
            DetectorReport(
                SymptomKind.ERROR, name, DetectorState.OK, "all requests", self.begun, 0.0, 0.05, 0.0
            ),
            DetectorReport(SymptomKind.SATURATION, name, DetectorState.OK, "memory", self.begun, 0.6, 0.95),
        )  # fmt: skip

    async def live_forever(self) -> None:
        """Open and heal one incident after the other."""
        for name in itertools.cycle(self.live_names):
            await asyncio.sleep(self.quiet_s)
            await self.live(self.recorded[name])

    async def live(self, chain: Chain) -> None:
        """Repeat a recorded incident now: every fact signed anew, at its own pace but at most eight seconds apart."""
        facts = [entry.fact for entry in case_of(chain).chain]
        ulid, first = str(ULID()), facts[0].payload
        assert isinstance(first, Detection)
        service, before = first.symptoms[0].service, min(SEEN_AFTER_NS, facts[0].at - first.since)
        facts[0] = replace(facts[0], payload=begun(first, facts[0].at - before))
        self.ill.update({service: 1.0 if "Infrastructure" in chain.issue.title else 0.6})
        self.since = time.time_ns()
        self.units.down = {service} if self.ill[service] == 1.0 else set()
        await asyncio.sleep(before / SECOND)
        number, prev = 0, ""
        for seq, fact in enumerate(facts):
            payload = shifted(fact.payload, time.time_ns() - fact.at)
            if isinstance(payload, Decision) and payload.plan:
                payload = replace(payload, expires=time.time_ns() + 600 * SECOND)
            signed = sign(
                Fact(ulid, REPOSITORY, number, seq, prev, fact.step, fact.attempt, time.time_ns(), payload),
                self.keys[OWNER[fact.step]],
            )
            prev, body = signed.digest, render(signed, prose(signed.fact.payload))
            if seq == 0:
                number = await self.forge.open_issue(title(payload), body, ("sre:incident",))
                await self.wake(number, 0)
            else:
                await self.wake(number, await self.forge.comment(number, body))
            if fact.step.value == "act":
                self.units.down = set()
                if any(word in body for word in ("RESTART", "REVERT")):
                    self.ill[service] = 0.1
            if isinstance(payload, Verification) and payload.outcome is Outcome.RECOVERED:
                self.ill.clear()
            if isinstance(payload, Decision) and payload.plan:
                await self.decided(number)
            following = facts[seq + 1].at - fact.at if seq + 1 < len(facts) else 0
            await asyncio.sleep(min(BETWEEN_S, max(0.4, following / SECOND)))
        self.ill.clear()
        self.units.down = set()
        await self.forge.close_issue(number)
        await self.wake(number, 0)

    async def decided(self, number: int) -> None:
        """Wait up to two minutes for a person's order on the issue."""
        before = len(await self.forge.comments(number))
        for _ in range(240):
            await asyncio.sleep(0.5)
            if len(await self.forge.comments(number)) > before:
                return

    async def wake(self, number: int, comment: int) -> None:
        """Send a wake-up message."""
        await self.wake_ups.publish(FACTS, WakeUp(number, comment).encoded)


def begun(detection: Detection, since: int) -> Detection:
    """Return a detection no symptom of which began before `since`."""
    return replace(detection, symptoms=tuple(replace(one, since=max(one.since, since)) for one in detection.symptoms))


def shifted(value: Any, by: int) -> Any:  # noqa: ANN401 - any part of a payload
    """Return a payload with all its times later."""
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: shifted(getattr(value, one.name), by) for one in fields(value) if one.init})
    if isinstance(value, tuple):
        return tuple(shifted(one, by) for one in value)
    return value + by if isinstance(value, int) and value > 10**18 else value


def asking(config: SpaceConfig, plan: Chain | None) -> SpaceConfig:
    """Return a configuration in which the service of a plan that waits is not autonomous."""
    if plan is None:
        return config
    service = config.services[case_of(plan).detection.symptoms[0].service]
    return replace(config, services={**config.services, service.name: replace(service, autonomy=Autonomy.APPROVE)})


async def prepared(folder: Path, live: Sequence[str], quiet_s: float) -> tuple[Dashboard, World, OperatorKeys]:
    """Return the dashboard over recorded facts, and the world that moves it."""
    space = next(one for one in SPACES if (one / "sre-space.yaml").is_file())
    recorded = dict(chains(space))
    (folder / "trust").mkdir()
    for path in (space / "trust").glob("*.json"):
        (folder / "trust" / path.name).write_bytes(path.read_bytes())
    trust = TrustFolder(folder / "trust")
    for old in trust.listed():
        trust.trust(replace(old, retired=time.time_ns()))
    keys = {agent: make_key(folder / f"{agent.value}.key", folder / "trust", agent.value) for agent in Agent}
    config = asking(read_config(ROOT / "sre-space.yaml", {}), recorded[PLAN] if PLAN in live else None)
    forge = forge_with([chain for name, chain in recorded.items() if name.startswith("issue") and name != "issue-22"])
    forge.now = time.time_ns
    forge.found.append(
        Issue(len(forge.found) + 1, "Orders", "", "open", "operator", (HOLD, ORDERS), 0, time.time_ns(), time.time_ns())
    )
    forge.written[len(forge.found)] = []
    decisions = [one for chain in recorded.values() for one in case_of(chain).payloads if isinstance(one, Decision)]
    restarts = frozenset(one.diagnosis.bundle for one in decisions if isinstance(one.remedy, Restart))
    bundles = RecordedBundles(
        {path.name.partition(".")[0]: archive(path) for path in (space / "bundles").glob("*.tar.xz")}, restarts
    )
    clock, reports, wake_ups = SystemClock(), Topic(SYMPTOM_REPORTS), Topic(FACTS)
    units = Units([service.unit for service in config.services.values()])
    world = World(config, forge, keys, reports, wake_ups, units, recorded, live, quiet_s)
    incidents = IncidentRepository(forge, trust, REPOSITORY)
    orders = IssueOrders(forge, trust, Nobody(), REPOSITORY)
    holds = IssueHolds(incidents, orders, config, clock)
    people, kill_switch = OperatorKeys(folder / "operators", trust), HaltFile(folder / "halt")
    watching = Watching(
        Setting(config, REPOSITORY),
        Reports(reports, reports, trust, REPOSITORY, clock),
        Followed(incidents, orders, wake_ups, clock),
        Surroundings(holds, kill_switch, units, Units([agent.value for agent in Agent]), clock),
        TraceSources(RecordedStore(spans_of(bundles.files["restart"][INCIDENT + TRACES]), world.ill), bundles, clock),
        Recorder(BlockDatabase(folder / "history.db")),
        Hub(lambda: time.time_ns() // 10**6),
        clock,
    )
    desk = Desk(incidents, holds, kill_switch, wake_ups, config, clock)
    dashboard = Dashboard.of(watching, desk, people)
    return dashboard, world, people


async def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--calm", action="store_true", help="no live incidents")
    parser.add_argument("--live", choices=LIVE, action="append", help="only these live incidents")
    parser.add_argument("--quiet", type=float, default=QUIET_S, help="seconds before each of them")
    parser.add_argument("--examples", type=Path, help="write example bodies into this folder, and end")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sre-dashboard-") as folder:
        dashboard, world, people = await prepared(
            Path(folder), () if options.calm else options.live or LIVE, options.quiet
        )
        token = people.add("ada")
        if options.examples:
            options.examples.mkdir(parents=True, exist_ok=True)
            await write_examples(dashboard, world, options.examples, token)
            return
        app = application(dashboard.views, dashboard.watching.hub, Rules())
        print(f"http://127.0.0.1:{options.port}/   API: /api/v1/openapi.json")
        print(f"token of ada: {token}", flush=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(dashboard.watching.run())
            group.create_task(world.report_forever())
            group.create_task(world.live_forever())
            group.create_task(serve(app, bind("127.0.0.1", options.port)))


async def write_examples(dashboard: Dashboard, world: World, folder: Path, token: str) -> None:
    """Write the examples of the OpenAPI document, in the middle of a live incident."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in (dashboard.watching.run(), world.report_forever())]
        await asyncio.sleep(4)
        tasks.append(group.create_task(world.live(world.recorded["issue-01"])))
        while not await measured(dashboard):  # noqa: ASYNC110 - an answer has no event
            await asyncio.sleep(0.2)
        async for name, body in bodies(dashboard, token):
            text = json.dumps(body, indent=1, ensure_ascii=False)
            (folder / f"{name}.json").write_text(re.sub(r"[ \t]+\n", "\n", text) + "\n")
        for task in tasks:
            task.cancel()


async def measured(dashboard: Dashboard) -> bool:
    """Return whether an action has been carried out, and some attempts have been counted since."""
    progress = [loop.progress for loop in (await dashboard.facts.now()).loops]
    return any(one is not None and (one.good or 0) > ENOUGH for one in progress)


async def bodies(dashboard: Dashboard, token: str) -> AsyncIterator[tuple[str, Any]]:
    """Yield one body a route, made shorter where a list repeats itself."""
    from sre_space.dashboard.answers.acting import NewOrder  # noqa: PLC0415 - only here
    from sre_space.dashboard.questions import IncidentQuery, MapQuery, SeriesQuery  # noqa: PLC0415 - only here

    def dumped(answer: Any) -> Any:  # noqa: ANN401 - a pydantic model
        return answer.model_dump(mode="json")

    now = dumped(await dashboard.facts.now())
    now["feed"], now["marks"] = now["feed"][:8], now["marks"][:6]
    yield "now", now
    open_number = now["loops"][0]["incident"]
    incident = dumped(await dashboard.facts.incident(open_number, token))
    incident["markdown"], incident["facts"] = incident["markdown"][:300], incident["facts"][:3]
    incident["evidence"], chart = incident["evidence"][:6], incident["chart"]
    chart["times"] = chart["times"][-40:]
    chart["lines"] = {name: values[-40:] for name, values in chart["lines"].items()}
    yield "incident", incident
    yield "incidents", dumped(await dashboard.facts.incidents(IncidentQuery(limit=4)))
    yield "map", dumped(await dashboard.traces.service_map(MapQuery()))
    journey = now["journeys"][0]["name"]
    yield "series", dumped(await dashboard.facts.series(SeriesQuery(journey, points=60)))
    yield "lessons", dumped(await dashboard.facts.lessons("a service crashed", 3))
    traces = dumped(await dashboard.traces.traces(open_number))
    traces["traces"] = traces["traces"][:4]
    yield "traces", traces
    waterfall = dumped(await dashboard.traces.waterfall(traces["traces"][0]["trace_id"], open_number))
    waterfall["spans"] = waterfall["spans"][:12]
    yield "waterfall", waterfall
    yield "me", dumped(await dashboard.people.me(token))
    yield (
        "order",
        dumped(await dashboard.people.order(token, NewOrder(verb="hold", seconds=1800, reason="a migration"))),
    )


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
