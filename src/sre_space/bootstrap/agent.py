"""What the processes of the four agents share: identity, forge, wake-up messages, loop."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sre_space.adapters.calls_folder import CallsFolder
from sre_space.adapters.config_file import read_config
from sre_space.adapters.ed25519 import KeyFile, TrustFolder
from sre_space.adapters.halt_file import HaltFile
from sre_space.adapters.http_dates import HttpDates
from sre_space.adapters.otel_reporter import OtelReporter
from sre_space.adapters.outbox_folder import OutboxFolder
from sre_space.adapters.system_clock import SystemClock
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.forge import ForgeAccess, Repository
from sre_space.bootstrap.held_units import HeldUnits
from sre_space.bootstrap.notify import notifier, web_page_of
from sre_space.bootstrap.runtime import as_run, units
from sre_space.bootstrap.space.crash_watch import CrashWatch
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.topics import FACTS
from sre_space.domain import facts
from sre_space.domain.case import Case
from sre_space.domain.health_check import CheckKind
from sre_space.domain.space_config import SpaceConfig
from sre_space.loop.clock_check import ClockCheck
from sre_space.loop.duty import Duty
from sre_space.loop.hold_gate import HoldGate
from sre_space.loop.pager import Pager
from sre_space.loop.runner import Runner
from sre_space.loop.stalls import PATIENCE_NS
from sre_space.loop.watch import Watch
from sre_space.paths import StatePaths
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders
from sre_space.settings import AgentSettings
from sre_space.state_files import make_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentContext:
    """The settings, identity and connections that every agent's process starts from."""

    agent: facts.Agent
    settings: AgentSettings
    config: SpaceConfig
    clock: Clock
    forge: Forge
    incidents: IncidentRepository
    orders: IssueOrders
    holds: IssueHolds
    key: KeyFile
    kill_switch: HaltFile
    reporter: OtelReporter
    pager: Pager
    clock_check: ClockCheck

    @classmethod
    def prepare(cls, agent: facts.Agent, settings: AgentSettings) -> "AgentContext":
        """Return the agent's context from its key, the trusted keys and the configuration; nothing is connected yet.

        What the configuration leaves to a default is logged first.
        """
        config, clock = as_run(read_config(settings.sre_space_chart), settings.runtime_address), SystemClock()
        for notice in config.notices:
            log.warning("%s", notice)
        state = StatePaths(settings.sre_space_state)
        access = ForgeAccess.of(settings)
        page = web_page_of(access.repository, access.url, access.api)
        pager = Pager(notifier(settings.sre_notify_urls), page)
        key, trust = KeyFile.load(state.key(agent)), TrustFolder(state.trust)
        trust.refuse_unless(key, agent.value)
        forge = access.forge()
        incidents = IncidentRepository(forge, trust, access.repository)
        orders = IssueOrders(forge, trust, access.writers(), incidents.repository)
        reporter = OtelReporter.to(settings.otel_exporter_otlp_endpoint, agent)
        served = {"the forge": settings.forge_url} | {
            name: service.health.target
            for name, service in config.services.items()
            if service.health.kind is CheckKind.HTTP
        }
        return cls(
            agent=agent,
            settings=settings,
            config=config,
            clock=clock,
            forge=forge,
            incidents=incidents,
            orders=orders,
            holds=IssueHolds(incidents, orders, config, clock),
            key=key,
            kill_switch=HaltFile(state.halt),
            reporter=reporter,
            pager=pager,
            clock_check=ClockCheck(HttpDates(served), clock, reporter, pager),
        )

    def gitops(self) -> Repository:
        """Return the branches and pull requests of the same repository, accessed as the same identity."""
        return ForgeAccess.of(self.settings).gitops()

    def watch(self, duty: Duty, polled: Callable[[Sequence[Case]], bool] = lambda _: True) -> Watch:
        """Return the loop around a duty; `polled` receives the cases of each poll and returns whether it is on duty."""
        bus = Bus.of(self.settings.kafka_bootstrap_servers)
        state = StatePaths(self.settings.sre_space_state)
        folder = state.outbox(self.agent)
        make_folder(folder)
        outbox = OutboxFolder(folder, self._damaged)
        runner = Runner(
            self.agent, duty, self.incidents, self.forge, outbox, self.key, self.clock, self.reporter, self.pager,
            self.clock_check, HoldGate(self.holds, self.forge, self.config, self.clock),
        )  # fmt: skip
        wake_ups = bus.subscription([FACTS], None)
        begun = False

        def on_poll(cases: Sequence[Case]) -> None:
            nonlocal begun
            if not polled(cases):
                return
            if not begun:
                log.info("on duty for %s; open incidents: %d", ", ".join(self.config.services), len(cases))
                begun = True
            self._on_duty()

        calls = CallsFolder(state.calls)
        publisher, every, halted = bus.publisher(), self.settings.poll_seconds, self.kill_switch.halted
        return Watch(runner, publisher, wake_ups, every, on_poll, calls=calls, halted=halted)

    async def run(self, watch: Watch) -> None:
        """Run the loop, and watch the units of the services for crash loops; never return.

        Fixer pages at once for a unit that cannot start, each other agent when those before it have not: who is down
        calls nobody.
        """
        state = SpaceState(self.settings.sre_space_state)
        order = [facts.Agent.FIXER, *(agent for agent in facts.Agent if agent is not facts.Agent.FIXER)]
        crashes = CrashWatch(
            state,
            self.pager.notifier,
            ("warden", *units(self.config)),
            held=HeldUnits(self.holds, self.config, self.clock).read,
            patience_s=order.index(self.agent) * PATIENCE_NS / 1e9,
            calls=CallsFolder(state.calls),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(crashes.watch_forever())
            group.create_task(watch.run())

    def _damaged(self, message: str) -> None:
        log.error("%s", message)
        self.pager.damaged(message)

    def _on_duty(self) -> None:
        """Write the file that shows `up` and `demo` that the agent has read its cases, and `status` what blocks it."""
        path = StatePaths(self.settings.sre_space_state).on_duty(self.agent)
        with contextlib.suppress(OSError):  # a full disk must not stop the agent
            path.touch(mode=0o600)
            path.write_text(self.clock_check.wrong())
