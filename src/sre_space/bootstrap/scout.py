"""The process of Scout: `python -m sre_space.bootstrap.scout`."""

import asyncio
from collections.abc import Sequence
from functools import partial

from sre_space.adapters.authentic_bus import AuthenticBus
from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.adapters.disk import DiskFolder
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.agents.scout.deployment_verifier import DeploymentVerifier
from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journey_indicators import spent
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.scout import Scout
from sre_space.agents.scout.snapshots import Snapshots
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.record_key import read_record_key
from sre_space.bootstrap.runtime import NONE, runtime_events_of, runtime_reader_of
from sre_space.codec.topics import CHANGES, LOGS, METRICS, SIGNALS, SPANS
from sre_space.domain import facts
from sre_space.domain.case import Case
from sre_space.feeds.announcements import Announcements
from sre_space.feeds.disk_space import DiskSpaceMonitor
from sre_space.feeds.end_feed import EndFeed
from sre_space.feeds.event_feed import EventFeed
from sre_space.feeds.hold_feed import HoldFeed
from sre_space.feeds.opening import Opener
from sre_space.feeds.publishing import ReportPublisher
from sre_space.feeds.running_commits import RunningCommits
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.feeds.sketching import Sketcher
from sre_space.feeds.unit_feed import UnitFeed
from sre_space.paths import StatePaths
from sre_space.ports.bus import Subscription
from sre_space.settings import ScoutSettings as Settings

REMEMBERED_NS = 15 * 60 * 10**9  # of telemetry that is read again after a restart


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.SCOUT, settings)
    health_board = {name: ServiceHealth(name) for name in context.config.services}
    detectors = Detectors(context.config, health_board, JourneyBook(context.config.measured), settings.slo_window_scale)
    scout = Scout(detectors, context.clock)
    bus = Bus.of(context.settings.kafka_bootstrap_servers)
    repository = context.incidents.repository
    processes = Processes(context.clock.now())
    publisher = ReportPublisher(
        detectors, bus.publisher(), context.key, repository, context.clock, context.reporter, processes=processes
    )
    snapshots = Snapshots(publisher.reports, processes, settings.traces_page)
    opener = _opener(context, snapshots, settings.sre_dashboard_url)
    authentic = AuthenticBus(read_record_key(settings.telemetry_record_key_file), context.reporter.dismissed)
    signals = authentic.subscription(bus.subscription([SIGNALS], "sre-scout-judge"))

    watch = context.watch(scout, partial(_on_poll, context, detectors, signals))
    gitops = context.gitops()
    deployments = DeployedFolder(settings.sre_space_state, context.config.services)
    commits = RunningCommits(gitops, deployments, processes, context.config.services, context.clock)
    verifier = DeploymentVerifier(gitops, context.config.services)
    announcements = Announcements(verifier, detectors.inhibitions, context.reporter, context.clock, processes=processes)
    holds = HoldFeed(context.holds, detectors, context.clock)
    consumer = SignalConsumer(
        scout, NetworkProbe.create(), opener, watch, context.clock, announcements, holds, processes
    )
    history = authentic.history(bus.history())
    known_services = frozenset({*context.config.services, *context.config.callers(())})
    sketcher = Sketcher(authentic.publisher(bus.publisher()), history, context.clock, consumer.losses, known_services)
    ends = EndFeed(context.config.services, health_board, context.clock, consumer.due.set)
    units, events = _of_runtime(context, settings, processes, ends)
    spans = authentic.subscription(bus.subscription([SPANS], "sre-scout"))
    telemetry = authentic.subscription(
        bus.subscription([SPANS, METRICS, LOGS, CHANGES, *context.config.event_topics], None)
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.probe_forever())
        group.create_task(consumer.read_back(history, context.clock.now() - REMEMBERED_NS))
        group.create_task(sketcher.sketch_forever(spans))
        group.create_task(consumer.listen_forever(signals))
        group.create_task(consumer.listen_forever(telemetry))
        group.create_task(units.read_forever())
        group.create_task(events.follow_forever())
        group.create_task(holds.read_forever())
        group.create_task(announcements.confirm_forever())
        group.create_task(consumer.open_forever(lambda: signals.owns() and detectors.open_incidents.known))
        group.create_task(publisher.publish_forever(lambda: signals.owns() and detectors.open_incidents.known))
        group.create_task(commits.learn_forever())
        group.create_task(_disk_space(context, settings).watch_forever())
        group.create_task(context.run(watch))


def _of_runtime(
    context: agent.AgentContext, settings: Settings, processes: Processes, ends: EndFeed
) -> tuple[UnitFeed, EventFeed]:
    """Return what reads the runtime's units, and what follows its events."""
    state = StatePaths(settings.sre_space_state)
    runtime = runtime_reader_of(settings.runtime_address or NONE, context.config, state)
    events = runtime_events_of(settings.runtime_events_address or NONE, context.config, state)
    units = UnitFeed(runtime, context.config.services, processes, context.clock)
    return units, EventFeed(events, ends, context.clock)


def _disk_space(context: agent.AgentContext, settings: Settings) -> DiskSpaceMonitor:
    return DiskSpaceMonitor(DiskFolder(settings.sre_space_state), context.pager.notifier, context.clock)


def _opener(context: agent.AgentContext, snapshots: Snapshots, dashboard: str) -> Opener:
    return Opener(
        context.incidents, context.forge, context.key, context.clock, context.reporter, context.pager,
        context.clock_check, snapshots.take, contacts=context.config.contacts, dashboard=dashboard,
    )  # fmt: skip


def _on_poll(context: agent.AgentContext, detectors: Detectors, signals: Subscription, cases: Sequence[Case]) -> bool:
    """Refresh what the open incidents inhibit, and report the error budgets; return True when this Scout evaluates."""
    now = context.clock.now()
    detectors.open_incidents.refresh(cases, now)
    for name, share in spent(detectors.journeys, now).items():
        context.reporter.budget(name, share)
    return signals.owns()


if __name__ == "__main__":
    server.run("scout", Settings, _work)
