"""The process of the dashboard: `python -m sre_space.bootstrap.dashboard`."""

import asyncio
import ipaddress

from sre_space.adapters.block_database import BlockDatabase
from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.config_file import read_config
from sre_space.adapters.ed25519 import TrustFolder
from sre_space.adapters.halt_file import HaltFile
from sre_space.adapters.operator_keys import OperatorKeys
from sre_space.adapters.system_clock import SystemClock
from sre_space.bootstrap import server
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.case_index import case_index_of
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.notify import web_page_of
from sre_space.bootstrap.runtime import NONE, as_run, processes_reader_of, runtime_reader_of
from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.trace_store import trace_store_of
from sre_space.codec.topics import FACTS, SYMPTOM_REPORTS
from sre_space.dashboard.acting.desk import Desk
from sre_space.dashboard.dashboard import Dashboard
from sre_space.dashboard.following.record import Record
from sre_space.dashboard.following.reports import Reports
from sre_space.dashboard.following.surroundings import Surroundings
from sre_space.dashboard.following.traces import TraceSources
from sre_space.dashboard.history.recorder import Recorder
from sre_space.dashboard.serving.app import application
from sre_space.dashboard.serving.guard import LOOPBACK, Rules
from sre_space.dashboard.serving.server import bind, serve
from sre_space.dashboard.stream.hub import Hub
from sre_space.dashboard.watching import Setting, Watching
from sre_space.domain.errors import Malformed
from sre_space.domain.space_config import SpaceConfig
from sre_space.paths import StatePaths
from sre_space.ports.runtime import RuntimeReader
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders
from sre_space.settings import DashboardSettings as Settings


async def _work(settings: Settings) -> None:
    listener = bind(settings.dashboard_host, settings.dashboard_port)
    dashboard, people = made(settings)
    app = application(dashboard.views, dashboard.watching.hub, rules(settings, people))
    async with asyncio.TaskGroup() as group:
        group.create_task(dashboard.watching.run())
        group.create_task(serve(app, listener))


def made(settings: Settings) -> tuple[Dashboard, OperatorKeys]:
    """Return the dashboard over the real servers, and the people who may act; nothing is connected yet."""
    state, clock, access = StatePaths(settings.sre_space_state), SystemClock(), ForgeAccess.of(settings)
    config = as_run(read_config(settings.sre_space_chart), settings.runtime_address)
    bus, trust, forge = Bus.of(settings.kafka_bootstrap_servers), TrustFolder(state.trust), access.forge()
    incidents = IncidentRepository(forge, trust, access.repository)
    orders = IssueOrders(forge, trust, access.writers(), access.repository)
    holds, kill_switch = IssueHolds(incidents, orders, config, clock), HaltFile(state.halt)
    people, hub = OperatorKeys(state.operators, trust), Hub(lambda: clock.now() // 10**6)
    recorder, page = Recorder(BlockDatabase(state.history)), web_page_of(access.repository, access.url, access.api)
    reports = Reports(bus.subscription([SYMPTOM_REPORTS], None), bus.history(), trust, access.repository, clock)
    record = Record(incidents, orders, bus.subscription([FACTS], None), clock)
    services, agents = _readers(settings, config, state)
    store = trace_store_of(settings.jaeger_url) if settings.jaeger_url else None
    index = case_index_of(settings.chroma_url, late=True) if settings.chroma_url else None
    setting = Setting(
        config,
        access.repository,
        settings.dry_run,
        issues_url=f"{page}/issues/" if page else "",
        jaeger_url=settings.dashboard_jaeger_url,
        readers_need_token=readers_need_token(settings),
    )
    surroundings = Surroundings(holds, kill_switch, services, agents, clock)
    bundles = BundleFolder(state.bundles, settings.bundles_kept_days, settings.bundles_max_bytes)
    traces = TraceSources(store, bundles, clock)
    watching = Watching(setting, reports, record, surroundings, traces, recorder, hub, clock)
    desk = Desk(incidents, holds, kill_switch, bus.publisher(), config, clock)
    return Dashboard.of(watching, desk, people, index), people


def _readers(
    settings: Settings, config: SpaceConfig, state: StatePaths
) -> tuple[RuntimeReader | None, RuntimeReader | None]:
    """Return the readers of the services' and of the agents' units; None without a runtime."""
    address = settings.runtime_address
    if address in ("", NONE):
        return None, None
    return runtime_reader_of(address, config, state), processes_reader_of(address, AGENTS, state)


def rules(settings: Settings, people: OperatorKeys) -> Rules:
    """Return whom the dashboard answers; raise `Malformed` for an invalid network."""
    try:
        proxies = tuple(ipaddress.ip_network(part.strip()) for part in _parts(settings.dashboard_trusted_proxies))
    except ValueError as error:
        raise Malformed(f"DASHBOARD_TRUSTED_PROXIES: {error}; see docs/settings.md") from error

    async def known(token: str) -> bool:
        return await people.of(token) is not None

    return Rules(
        frozenset(part.strip().lower() for part in _parts(settings.dashboard_hosts)),
        proxies,
        settings.dashboard_base_path,
        readers_need_token(settings),
        known,
    )


def readers_need_token(settings: Settings) -> bool:
    """Return True where others than this machine's users could read: beyond loopback, or through a proxy."""
    beyond = settings.dashboard_host not in LOOPBACK or bool(_parts(settings.dashboard_hosts))
    return beyond and not settings.dashboard_open_to_readers


def _parts(text: str) -> list[str]:
    return [part for part in text.split(",") if part.strip()]


if __name__ == "__main__":
    server.run("dashboard", Settings, _work)
