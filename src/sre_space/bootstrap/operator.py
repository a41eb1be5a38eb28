"""The operator's access to a running space, for the command line: issues, verified cases, journeys, restarts."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sre_space.adapters.disk import DiskFolder
from sre_space.adapters.ed25519 import KeyFile, TrustFolder
from sre_space.adapters.system_clock import SystemClock
from sre_space.bootstrap.connections import HERE, NOTHING_SET, Connections, configured_environment
from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.symptom_report import SymptomReport
from sre_space.domain.disk_space import DiskLevel
from sre_space.domain.errors import Malformed
from sre_space.domain.journeys import journey_of
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import JourneyCount
from sre_space.feeds.newest_report import newest_report
from sre_space.paths import StatePaths
from sre_space.ports.bus import History
from sre_space.ports.forge import Forge
from sre_space.ports.runtime import Runtime
from sre_space.ports.traces import Traces
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders
from sre_space.settings import CommandLineSettings

JOURNEY_TRACES = 1500


def disk_space_of(state: SpaceState) -> str:
    """Return the disk space that a space has for its files, in a line that also warns when it is low or used up."""
    room = DiskFolder(state.root).measure()
    word = {DiskLevel.FULL: "FULL, nothing is recorded: ", DiskLevel.LOW: "nearly full: "}.get(room.level, "")
    return f"{word}{room.description}"


@dataclass(frozen=True)
class Operator:
    """The clients, configuration and key with which the operator reads a space and gives orders."""

    forge: Forge
    incidents: IncidentRepository
    traces: Traces
    config: SpaceConfig
    runtime: Runtime
    state: StatePaths
    key: KeyFile | None
    orders: IssueOrders
    history: History

    @cached_property
    def holds(self) -> IssueHolds:
        """Return the reader of the holds, by this machine's clock."""
        return IssueHolds(self.incidents, self.orders, self.config, SystemClock())

    def agents_on_duty(self) -> bool:
        """Return True when all four agents have read their cases since the space was started."""
        return all(self.state.on_duty(agent).exists() for agent in AGENTS)

    def hindered(self) -> dict[str, str]:
        """Return the reason by agent, for each agent that reports that it is blocked."""
        paths = {agent: self.state.on_duty(agent) for agent in AGENTS}
        return {agent: reason for agent, path in paths.items() if path.exists() and (reason := path.read_text())}

    @classmethod
    def of(cls, state: SpaceState, settings: CommandLineSettings = NOTHING_SET, config: Path = HERE) -> "Operator":
        """Return an operator of the servers that `settings` names, else of the space in `state`.

        The agents' public keys come from the state folder, the only source of trust.

        Raise `NotRunning` without either, `Malformed` when the folder of public keys is missing.
        """
        connections = Connections.of(state, settings, config)
        access, space_config = connections.forge(), connections.config()
        folder = state.trust
        if not folder.is_dir():
            raise Malformed(f"{folder} is missing: copy it from the agents' state folder; it holds their public keys")
        forge, trust = access.forge(), TrustFolder(folder)
        incidents = IncidentRepository(forge, trust, access.repository)
        orders = IssueOrders(forge, trust, access.writers(), access.repository)
        path = state.key("operator")
        key = KeyFile.load(path) if path.exists() else None
        return cls(
            forge,
            incidents,
            connections.traces(),
            space_config,
            connections.runtime(space_config),
            state,
            key,
            orders,
            connections.history(),
        )

    @classmethod
    def here(cls, state: SpaceState) -> "Operator":
        """Return an operator of the servers that the environment and `.env` name, else of the space in `state`."""
        environment, config = configured_environment(state)
        return cls.of(state, CommandLineSettings.read(environment.lines), config)

    def signing(self) -> KeyFile:
        """Return the operator's private key; raise `Malformed` where it is not in the state folder."""
        if self.key is None:
            raise Malformed("keys/operator.key is not in the state folder; give the order on the machine that has it")
        return self.key

    async def close(self) -> None:
        """Close the connections."""
        await self.forge.close()
        await self.orders.writers.close()
        await self.traces.close()

    async def symptom_report(self, now: int) -> SymptomReport | None:
        """Return Scout's newest symptom report; None when there is no recent one at `now` (Unix ns)."""
        return await newest_report(self.history, self.incidents.trust, self.incidents.repository, now)

    async def journeys(self, since: int, until: int) -> JourneyCount:
        """Return the good and bad journey attempts that began in [since, until) (Unix ns), counted from traces."""
        callers, journeys = self.config.callers(()), self.config.measured
        good: dict[str, bool] = {}
        for caller in callers:
            for span in await self.traces.window(caller, since, until, JOURNEY_TRACES // len(callers)):
                if (journey := journey_of(span, journeys)) is not None:
                    good[span.span_id] = journey.success.of(span)
        return JourneyCount(sum(good.values()), len(good) - sum(good.values()), since, until)
