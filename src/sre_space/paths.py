"""Where a space keeps what: the paths in its state folder, each written here alone. Standard library only.

The desired state in the repository (`deploy/config`) has its names in `domain.configuration`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.configuration import FOLDER, SPACE_NAME

STARTED = ".started"  # how the name of a file that counts starts ends


@dataclass(frozen=True)
class StatePaths:
    """The files and folders below one state folder."""

    root: Path

    @property
    def folders(self) -> Iterable[Path]:
        """All that `sre-space up` makes, outer ones first."""
        mine = (
            self.bus, self.telemetry, self.forge, self.chroma, self.apps, self.keys, self.trust, self.logs, self.run,
            self.environments, self.deploy, self.outboxes, self.bundles,
        )  # fmt: skip
        return (self.root, *mine)

    @property
    def bus(self) -> Path:
        """The records of the embedded bus."""
        return self.root / "bus"

    @property
    def telemetry(self) -> Path:
        """The store of the embedded telemetry server."""
        return self.root / "telemetry"

    @property
    def spans(self) -> Path:
        """The database of spans."""
        return self.telemetry / "spans.db"

    @property
    def forge(self) -> Path:
        """What the embedded forge keeps."""
        return self.root / "forge"

    @property
    def issues(self) -> Path:
        """The forge's database: the record of all incidents."""
        return self.forge / "forge.db"

    @property
    def identities(self) -> Path:
        """The forge's identities and their tokens."""
        return self.forge / "identities.json"

    def repository(self, owner: str, name: str) -> Path:
        """The forge's bare Git repository of a name."""
        return self.forge / owner / f"{name}.git"

    @property
    def chroma(self) -> Path:
        """The vector database."""
        return self.root / "chroma"

    @property
    def apps(self) -> Path:
        """What the services keep."""
        return self.root / "apps"

    @property
    def keys(self) -> Path:
        """The private keys."""
        return self.root / "keys"

    def key(self, owner: str) -> Path:
        """The private key that somebody signs with."""
        return self.keys / f"{owner}.key"

    @property
    def network_key(self) -> Path:
        """The secret of whoever may give orders to the network."""
        return self.keys / "network.key"

    @property
    def telemetry_tokens(self) -> Path:
        """Who may send telemetry in whose name: the SHA-256 of each token."""
        return self.keys / "telemetry-tokens.json"

    @property
    def record_key(self) -> Path:
        """The key of the MAC of telemetry records on the bus."""
        return self.keys / "telemetry-records.key"

    @property
    def trust(self) -> Path:
        """The public keys that are trusted."""
        return self.root / "trust"

    @property
    def logs(self) -> Path:
        """The logs of the units."""
        return self.root / "logs"

    def log(self, name: str) -> Path:
        """The log of one unit."""
        return self.logs / f"{name}.log"

    @property
    def run(self) -> Path:
        """What exists only while the space runs, and the journal of the warden."""
        return self.root / "run"

    @property
    def space_record(self) -> Path:
        """The record of the space that runs here."""
        return self.run / "space.json"

    @property
    def supervisor_pid(self) -> Path:
        """The process id of supervisord, as it writes it."""
        return self.run / "supervisord.pid"

    @property
    def warden_journal(self) -> Path:
        """Whom the warden killed, and why."""
        return self.run / "warden.jsonl"

    @property
    def environments(self) -> Path:
        """What units are started with, and what they leave word of."""
        return self.run / "env"

    def environment(self, unit: str) -> Path:
        """The variables of one unit."""
        return self.environments / f"{unit}.env"

    def started(self, unit: str) -> Path:
        """How often a unit was started, and how soon it ended."""
        return self.environments / f"{unit}{STARTED}"

    def running(self, service: str) -> Path:
        """What a service was started with: the digest of its desired state, and its limit of memory."""
        return self.environments / f"{service}.running"

    def on_duty(self, agent: str) -> Path:
        """There since an agent has read its cases; it says what hinders it, if anything does."""
        return self.environments / f"{agent}.on-duty"

    @property
    def deploy(self) -> Path:
        """What was deployed, and what is being deployed."""
        return self.root / Path(FOLDER).parent

    @property
    def deployed(self) -> Path:
        """The desired state that is in force: a copy of `deploy/config` of main."""
        return self.root / FOLDER

    def applied(self, service: str) -> Path:
        """What a deployer started a service with, where no launcher leaves word of it."""
        return self.deploy / "applied" / service

    @property
    def limits(self) -> Path:
        """The limits of memory that are in force."""
        return self.deployed / SPACE_NAME

    @property
    def outboxes(self) -> Path:
        """Facts that wait for the forge."""
        return self.root / "outbox"

    def outbox(self, agent: str) -> Path:
        """The facts of one agent that wait for the forge."""
        return self.outboxes / agent

    @property
    def bundles(self) -> Path:
        """What the diagnoses looked at."""
        return self.root / "bundles"

    @property
    def calls(self) -> Path:
        """Which calls to people were made."""
        return self.root / "calls"

    @property
    def halt(self) -> Path:
        """The halt file."""
        return self.root / "halt"
