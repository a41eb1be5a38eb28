"""A dashboard over recorded facts and made-up reports, for tests: everything but its servers is real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from support.recorded import SPACES, case_of, chains, forge_with
from support.world import REPOSITORY, SECOND, Key, MemoryForge, Trust

from sre_space.adapters.block_database import BlockDatabase
from sre_space.adapters.config_file import read_config
from sre_space.adapters.ed25519 import TrustFolder
from sre_space.adapters.halt_file import HaltFile
from sre_space.adapters.operator_keys import OperatorKeys
from sre_space.codec.symptom_report import SymptomReport
from sre_space.dashboard.acting.desk import Desk
from sre_space.dashboard.dashboard import Dashboard
from sre_space.dashboard.following.record import Record as Followed
from sre_space.dashboard.following.reports import Reports
from sre_space.dashboard.following.surroundings import Surroundings
from sre_space.dashboard.following.traces import TraceSources
from sre_space.dashboard.history.recorder import Recorder
from sre_space.dashboard.reading.known import Counted, Heard, Known
from sre_space.dashboard.stream.hub import Hub
from sre_space.dashboard.watching import Setting, Watching
from sre_space.domain.case import Case
from sre_space.domain.detectors import (
    DetectorReport,
    DetectorsReport,
    DetectorState,
    JourneyReport,
    MeasureUnit,
    ServiceReport,
)
from sre_space.domain.errors import Missing
from sre_space.domain.labels import HOLD, ORDERS
from sre_space.domain.pauses import ClockPair, Pauses
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.bus import Record
from sre_space.ports.forge import Issue
from sre_space.record.holds import IssueHolds
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.orders import IssueOrders

ROOT = Path(__file__).resolve().parents[2]
SPACE = next(one for one in SPACES if (one / "sre-space.yaml").is_file())
CHAINS = chains(SPACE)
CLOSED = {name: chain for name, chain in CHAINS.items() if name.startswith("issue") and name != "issue-22"}
AFTER = max(chain.newest for chain in CHAINS.values()) + 60 * SECOND  # Unix ns: a minute after all recorded incidents
CONFIG = read_config(ROOT / "sre-space.yaml", {})
JOURNEY = CONFIG.journeys[0].name
SERVICES = tuple(CONFIG.services)


def healthy(at: int, *others: DetectorReport) -> DetectorsReport:
    """Return a report in which all is well but `others`, which replace detectors of the same identity."""
    rows = [DetectorReport(SymptomKind.INFRASTRUCTURE, name, DetectorState.OK, since=at) for name in SERVICES]
    rows += [
        DetectorReport(
            SymptomKind.CONVERSION, JOURNEY, DetectorState.OK, value=0.61, threshold=0.5, baseline=0.6, since=at
        ),
        DetectorReport(SymptomKind.SLO, JOURNEY, DetectorState.OK, value=0.1, threshold=14.4, unit=MeasureUnit.TIMES),
    ]
    named = {row.identity for row in others}
    return DetectorsReport(
        at,
        (*others, *(row for row in rows if row.identity not in named)),
        budgets={JOURNEY: 0.18},
        journeys=(JourneyReport(JOURNEY, at - 3600 * SECOND, 18_199, 5, 9_000, 5_490),),
        services=tuple(ServiceReport(name, 12.0, 0.0, 0.05, 2e8, 4e8, 0) for name in SERVICES),
    )


def said(at: int, report: DetectorsReport | None = None, blind: bool = False) -> SymptomReport:
    """Return Scout's message with a report, by default a healthy one."""
    return SymptomReport(REPOSITORY, at, (), blind, report or healthy(at))


def known(*cases: Case, at: int = AFTER, config: SpaceConfig = CONFIG, **more: object) -> Known:
    """Return what a dashboard knows at a Unix ns, with a fresh report of an hour of attempts."""
    counted = Counted(at - 3600 * SECOND, at, 18_199, 5, 9_000, 5_490)
    values: dict[str, object] = {
        "report": said(at),
        "cases": cases,
        "record": Heard(at),
        "runtime": Heard(at),
        "halted": False,
        "minute": {JOURNEY: replace(counted, since=at - 60 * SECOND, good=300, bad=0)},
        "hour": {JOURNEY: counted},
    }
    return Known(at, config, REPOSITORY, **{**values, **more})  # type: ignore[arg-type]


def recorded(name: str) -> Case:
    """Return a recorded incident."""
    return case_of(CHAINS[name])


@dataclass
class Time:
    """A clock that goes on when somebody sleeps."""

    time: int = AFTER

    def now(self) -> int:
        """Unix ns."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.time += int(seconds * SECOND)

    def pauses(self) -> Pauses:
        """None."""
        return Pauses.of_start(ClockPair(self.time, self.time))


@dataclass
class Silence:
    """A topic on which nothing is ever sent, and which remembers what is published."""

    published: list[bytes] = field(default_factory=list)

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Remember."""
        self.published.append(value)

    async def next(self, timeout: float) -> Sequence[Record]:
        """Nothing."""
        return ()

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """Nothing."""
        return ()

    async def commit(self) -> None:
        """Nothing."""

    def owns(self) -> bool:
        """Return True."""
        return True

    async def close(self) -> None:
        """Nothing."""


class NoBundles:
    """Bundles that are all gone."""

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """Nothing is kept."""
        raise AssertionError

    async def load(self, name: str) -> Mapping[str, bytes]:
        """Gone."""
        raise Missing(f"the bundle {name[:12]} is gone")


class Nobody:
    """Nobody may order in words."""

    async def may_write(self, login: str) -> bool:
        """Return False."""
        return False

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    """A dashboard with everything around it; `people` may be added, `time` goes on by itself."""

    folder: Path
    forge: MemoryForge = field(default_factory=lambda: forge_with(list(CLOSED.values())))
    time: Time = field(default_factory=Time)
    bus: Silence = field(default_factory=Silence)
    scout: Key = field(default_factory=lambda: Key("scout"))

    def __post_init__(self) -> None:
        """Wire it as `bootstrap/dashboard.py` does."""
        self.forge.now = self.time.now
        (self.folder / "trust").mkdir(exist_ok=True)
        for path in (SPACE / "trust").glob("*.json"):
            (self.folder / "trust" / path.name).write_bytes(path.read_bytes())
        self.trust = TrustFolder(self.folder / "trust")
        self.incidents = IncidentRepository(self.forge, self.trust, REPOSITORY)
        self.orders = IssueOrders(self.forge, self.trust, Nobody(), REPOSITORY)
        self.holds = IssueHolds(self.incidents, self.orders, CONFIG, self.time)
        self.people, self.halt = OperatorKeys(self.folder / "operators", self.trust), HaltFile(self.folder / "halt")
        self.record = Followed(self.incidents, self.orders, self.bus, self.time)
        self.blocks = BlockDatabase(self.folder / "history.db")
        self.hub = Hub(lambda: self.time.now() // 10**6)
        self.watching = Watching(
            Setting(CONFIG, REPOSITORY),
            Reports(self.bus, self.bus, Trust({"scout": self.scout}), REPOSITORY, self.time),
            self.record,
            Surroundings(self.holds, self.halt, None, None, self.time),
            TraceSources(None, NoBundles(), self.time),
            Recorder(self.blocks),
            self.hub,
            self.time,
        )
        self.desk = Desk(self.incidents, self.holds, self.halt, self.bus, CONFIG, self.time)
        self.dashboard = Dashboard.of(self.watching, self.desk, self.people)

    def slow(self) -> bool:
        """Let 20 ms pass; return False. As the forge's `fails` it makes every call take that long."""
        self.time.time += SECOND // 50
        return False

    def open(self, name: str, comments: int) -> int:
        """Put a recorded incident back on the forge, open and with so many comments; return its number."""
        chain = CHAINS[name].after(comments)
        number = chain.issue.number
        while len(self.forge.found) < number:
            self.forge.found.append(Issue(len(self.forge.found) + 1, "", "", "closed", "x", (), 0, 0, 0))
            self.forge.written[len(self.forge.found)] = []
        self.forge.found[number - 1] = replace(chain.issue, updated=self.time.now())
        self.forge.written[number] = list(chain.comments)
        return number

    def orders_issue(self) -> int:
        """Open the issue for people's orders."""
        number, now = len(self.forge.found) + 1, self.time.now()
        self.forge.found.append(Issue(number, "Orders", "", "open", "operator", (HOLD, ORDERS), 0, now, now))
        self.forge.written[number] = []
        return number

    async def look(self) -> None:
        """Read everything once, and hear a healthy report."""
        await self.record.poll()
        await self.watching.surroundings.look()
        self.watching.reports.newest = said(self.time.now())
