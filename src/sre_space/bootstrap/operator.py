"""What the command line reads and orders as the operator: issues, verified cases, journeys, restarts."""

from dataclasses import dataclass
from pathlib import Path

from sre_space.adapters.chart_file import read_chart
from sre_space.adapters.disk import DiskFolder
from sre_space.adapters.ed25519 import KeyFile, TrustFolder
from sre_space.adapters.github_mcp import GithubMcpForge
from sre_space.adapters.github_permissions import GithubWriters
from sre_space.adapters.jaeger import JaegerTraces
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.bootstrap import agent
from sre_space.bootstrap.space_env import chart_environment
from sre_space.bootstrap.space_ports import HOST
from sre_space.bootstrap.space_state import State, running_space
from sre_space.bootstrap.space_table import AGENTS
from sre_space.domain.chart import Chart
from sre_space.domain.room import Level
from sre_space.domain.symptoms import JourneyCount
from sre_space.domain.telemetry import SpanStatus
from sre_space.embedded.forge.identities import token_of
from sre_space.loop.casebook import Casebook
from sre_space.loop.orders import IssueOrders
from sre_space.ports.forge import Forge
from sre_space.ports.runtime import Runtime
from sre_space.ports.traces import Traces

JOURNEY_TRACES = 1500


def room_of(state: State) -> str:
    """How much room a space has for its files, in a line that says so when it is not enough."""
    room = DiskFolder(state.root).look()
    word = {Level.FULL: "FULL, nothing is recorded: ", Level.LOW: "nearly full: "}.get(room.level, "")
    return f"{word}{room.told}"


@dataclass(frozen=True)
class Operator:
    """One person's view of a running space."""

    forge: Forge
    casebook: Casebook
    traces: Traces
    chart: Chart
    runtime: Runtime
    duty: Path
    key: KeyFile
    orders: IssueOrders

    def agents_on_duty(self) -> bool:
        """True when all four agents have read their cases since the space was started."""
        return all((self.duty / f"{agent}.on-duty").exists() for agent in AGENTS)

    def hindered(self) -> dict[str, str]:
        """Return why an agent does nothing, by its name, for those that say so."""
        told = {agent: self.duty / f"{agent}.on-duty" for agent in AGENTS}
        return {agent: reason for agent, path in told.items() if path.exists() and (reason := path.read_text())}

    @classmethod
    def of(cls, state: State) -> "Operator":
        """Connects to the space that runs in `state`; `NotRunning` when there is none."""
        running = running_space(state)
        owner, _, repo = running.repository.partition("/")
        token = token_of(state.identities, "operator")
        url = f"http://{HOST}:{running.ports['forge_port']}/mcp"
        forge, trust = GithubMcpForge(url, token, owner, repo), TrustFolder(state.root / "trust")
        casebook = Casebook(forge, trust, running.repository)
        orders = IssueOrders(forge, trust, GithubWriters(url, token, owner, repo), running.repository)
        traces = JaegerTraces(f"http://{HOST}:{running.ports['jaeger_port']}")
        chart = read_chart(Path(running.chart), chart_environment(running.ports))
        runtime = SupervisordRuntime(running.socket, agent.units(chart))
        key = KeyFile.load(state.root / "keys" / "operator.key")
        return cls(forge, casebook, traces, chart, runtime, state.run / "env", key, orders)

    async def close(self) -> None:
        """End the connections."""
        await self.forge.close()
        await self.traces.close()

    async def journeys(self, since: int, until: int) -> JourneyCount:
        """Attempts that began in [since, until) Unix ns, counted from their traces."""
        journey = self.chart.journey
        spans = await self.traces.window(journey.caller, since, until, JOURNEY_TRACES)
        visits = [span for span in spans if span.name in journey.steps and not span.parent_id]
        good = [span.status is not SpanStatus.ERROR for span in visits]
        return JourneyCount(sum(good), len(good) - sum(good), since, until)
