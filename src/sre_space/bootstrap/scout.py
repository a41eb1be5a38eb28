"""The process of Scout: `python -m sre_space.bootstrap.scout`."""

import asyncio
from collections.abc import Sequence

from sre_space.adapters.authentic_bus import AuthenticBus
from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.adapters.disk import DiskFolder
from sre_space.adapters.http_probe import HttpProbe
from sre_space.adapters.kafka import KafkaHistory, KafkaPublisher, KafkaSubscription
from sre_space.agents.scout.deployment_verifier import DeploymentVerifier
from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journeys import JourneyBook
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.scout import Scout
from sre_space.agents.scout.snapshots import Snapshots
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.space.telemetry_secrets import read_record_key
from sre_space.codec.topics import ASKED, BOUGHT, CHANGES, LOGS, METRICS, SIGNALS, SPANS
from sre_space.domain import facts
from sre_space.domain.case import Case
from sre_space.feeds.announcements import Announcements
from sre_space.feeds.disk_space import RoomWatch
from sre_space.feeds.opening import Opener
from sre_space.feeds.publishing import ReportPublisher
from sre_space.feeds.running_commits import RunningCommits
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.feeds.sketching import Sketcher
from sre_space.settings import ScoutSettings as Settings

REMEMBERED_NS = 15 * 60 * 10**9  # read back after a restart


async def _work(settings: Settings) -> None:
    ground = agent.Ground.prepare(facts.Agent.SCOUT, settings)
    board = {name: ServiceHealth(name) for name in ground.config.services}
    detectors = Detectors(ground.config, board, JourneyBook(ground.config.journey), settings.slo_window_scale)
    scout = Scout(detectors, ground.clock)
    bus = ground.settings.kafka_bootstrap_servers
    repository = ground.incidents.repository
    sightings = ReportPublisher(detectors, KafkaPublisher(bus), ground.key, repository, ground.clock, ground.reporter)
    processes = Processes(ground.clock.now())
    snapshots = Snapshots(sightings.reports, processes, settings.jaeger_url)
    opener = Opener(
        ground.incidents, ground.forge, ground.key, ground.clock, ground.reporter, ground.pager, ground.clock_check,
        snapshots.take,
    )  # fmt: skip
    believed = AuthenticBus(read_record_key(settings.telemetry_record_key_file), ground.reporter.dismissed)
    judged = believed.subscription(KafkaSubscription(bus, [SIGNALS], "sre-scout-judge"))

    def polled(cases: Sequence[Case]) -> bool:
        now = ground.clock.now()
        detectors.open_incidents.refresh(cases, now)
        ground.reporter.budget(detectors.budget.journey, detectors.budget.spent(now))
        return judged.owns()

    watch = ground.watch(scout, polled)
    gitops = ground.gitops()
    verifier = DeploymentVerifier(gitops, frozenset(ground.config.services))
    deployments = DeployedFolder(settings.sre_space_state)
    commits = RunningCommits(gitops, deployments, processes, ground.config.services, ground.clock)
    announced = Announcements(verifier, detectors.open_incidents, ground.reporter, ground.clock, processes=processes)
    consumer = SignalConsumer(scout, HttpProbe.create(), opener, watch, gitops, ground.clock, announced, processes)
    history = believed.history(KafkaHistory(bus))
    named = frozenset({*ground.config.services, ground.config.journey.caller})
    sketcher = Sketcher(believed.publisher(KafkaPublisher(bus)), history, ground.clock, consumer.losses, named)
    room = RoomWatch(DiskFolder(settings.sre_space_state), ground.pager.notifier, ground.clock)
    sketched = believed.subscription(KafkaSubscription(bus, [SPANS], "sre-scout"))
    heard = believed.subscription(KafkaSubscription(bus, [SPANS, METRICS, LOGS, ASKED, BOUGHT, CHANGES], None))
    async with asyncio.TaskGroup() as group:
        group.create_task(consumer.probe_for_ever())
        group.create_task(consumer.read_back(history, ground.clock.now() - REMEMBERED_NS))
        group.create_task(sketcher.sketch_for_ever(sketched))
        group.create_task(consumer.listen_for_ever(judged))
        group.create_task(consumer.listen_for_ever(heard))
        group.create_task(consumer.read_limits_for_ever())
        group.create_task(announced.confirm_for_ever())
        group.create_task(consumer.open_for_ever(lambda: judged.owns() and detectors.open_incidents.known))
        group.create_task(sightings.tell_for_ever(lambda: judged.owns() and detectors.open_incidents.known))
        group.create_task(commits.learn_for_ever())
        group.create_task(room.watch_for_ever())
        group.create_task(watch.run())


if __name__ == "__main__":
    server.run("scout", Settings, _work)
