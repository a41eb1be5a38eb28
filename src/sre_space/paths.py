"""All paths in the state folder of a space, defined only here. Standard library only.

The names of the desired state in the repository (`deploy/config`) are in `domain.configuration`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.configuration import FOLDER, SPACE_NAME

STARTED = ".started"  # suffix of the file that counts the starts of a unit


@dataclass(frozen=True)
class StatePaths:
    """The files and folders in one state folder."""

    root: Path

    @property
    def folders(self) -> Iterable[Path]:
        """Return the folders that `sre-space up` creates, parents first."""
        inner = (
            self.bus, self.telemetry, self.forge, self.chroma, self.apps, self.keys, self.trust, self.logs, self.run,
            self.environments, self.deploy, self.outboxes, self.bundles,
        )  # fmt: skip
        return (self.root, *inner)

    @property
    def bus(self) -> Path:
        """Return the folder of the embedded bus's records."""
        return self.root / "bus"

    @property
    def telemetry(self) -> Path:
        """Return the folder of the embedded telemetry server."""
        return self.root / "telemetry"

    @property
    def spans(self) -> Path:
        """Return the database of spans."""
        return self.telemetry / "spans.db"

    @property
    def forge(self) -> Path:
        """Return the folder of the embedded forge."""
        return self.root / "forge"

    @property
    def issues(self) -> Path:
        """Return the embedded forge's database: the issues, which record all incidents."""
        return self.forge / "forge.db"

    @property
    def identities(self) -> Path:
        """Return the file of the embedded forge's identities and their tokens."""
        return self.forge / "identities.json"

    def repository(self, owner: str, name: str) -> Path:
        """Return the embedded forge's bare Git repository `owner/name`."""
        return self.forge / owner / f"{name}.git"

    @property
    def chroma(self) -> Path:
        """Return the folder of the vector database."""
        return self.root / "chroma"

    @property
    def apps(self) -> Path:
        """Return the folder of the services' data."""
        return self.root / "apps"

    @property
    def keys(self) -> Path:
        """Return the folder of the private keys."""
        return self.root / "keys"

    def key(self, owner: str) -> Path:
        """Return the private key that `owner` (an agent or the operator) signs with."""
        return self.keys / f"{owner}.key"

    @property
    def secrets(self) -> Path:
        """Return the file with the variables that only this container has: its tokens, a line each."""
        return self.keys / "environment"

    @property
    def network_key(self) -> Path:
        """Return the file with the secret that commands to the embedded network carry."""
        return self.keys / "network.key"

    @property
    def telemetry_tokens(self) -> Path:
        """Return the file that says which telemetry token (SHA-256) is for which services."""
        return self.keys / "telemetry-tokens.json"

    @property
    def record_key(self) -> Path:
        """Return the file with the key for the MAC of telemetry records on the bus."""
        return self.keys / "telemetry-records.key"

    @property
    def trust(self) -> Path:
        """Return the folder of the trusted public keys."""
        return self.root / "trust"

    @property
    def logs(self) -> Path:
        """Return the folder of the units' logs."""
        return self.root / "logs"

    def log(self, name: str) -> Path:
        """Return the log of one unit."""
        return self.logs / f"{name}.log"

    @property
    def run(self) -> Path:
        """Return the folder of files that exist only while the space runs, and of the warden's journal."""
        return self.root / "run"

    @property
    def space_record(self) -> Path:
        """Return the record of the space that runs here."""
        return self.run / "space.json"

    @property
    def supervisor_pid(self) -> Path:
        """Return the file to which supervisord writes its process id."""
        return self.run / "supervisord.pid"

    @property
    def warden_journal(self) -> Path:
        """Return the warden's journal: which processes it killed, and why."""
        return self.run / "warden.jsonl"

    @property
    def environments(self) -> Path:
        """Return the folder of the units' environments, start counters and related files."""
        return self.run / "env"

    def environment(self, unit: str) -> Path:
        """Return the file with the environment variables of one unit."""
        return self.environments / f"{unit}.env"

    def started(self, unit: str) -> Path:
        """Return the file that counts how often a unit was started and how soon it ended."""
        return self.environments / f"{unit}{STARTED}"

    def running(self, service: str) -> Path:
        """Return the file with the desired state and memory limit that a service was started with."""
        return self.environments / f"{service}.running"

    def on_duty(self, agent: str) -> Path:
        """Return the file an agent writes once it has read its incidents; it says what keeps the agent from acting."""
        return self.environments / f"{agent}.on-duty"

    @property
    def deploy(self) -> Path:
        """Return the folder of the deployment journal and the deployed configuration."""
        return self.root / Path(FOLDER).parent

    @property
    def deployed(self) -> Path:
        """Return the desired state in force: a copy of `deploy/config` on main."""
        return self.root / FOLDER

    def variables(self, unit: str) -> Path:
        """Return the file with the variables that a unit is started with, a line each."""
        return self.deployed / f"{unit}.env"

    def copy_of(self, path: str) -> Path:
        """Return the copy of a file of desired state in force (a path in the repository)."""
        folder, _, name = path.rpartition("/")
        return self.deployed / name if folder == FOLDER else self.deploy / "main" / path

    def applied(self, service: str) -> Path:
        """Return the file with the state a deployer started a service with, where no launcher records it."""
        return self.deploy / "applied" / service

    @property
    def limits(self) -> Path:
        """Return the file with the memory limits in force."""
        return self.deployed / SPACE_NAME

    @property
    def outboxes(self) -> Path:
        """Return the folder of signed facts not yet written to the forge."""
        return self.root / "outbox"

    def outbox(self, agent: str) -> Path:
        """Return the folder of one agent's signed facts not yet written to the forge."""
        return self.outboxes / agent

    @property
    def bundles(self) -> Path:
        """Return the folder of bundles: the telemetry that each diagnosis used."""
        return self.root / "bundles"

    @property
    def calls(self) -> Path:
        """Return the folder that records which pages to people were sent."""
        return self.root / "calls"

    @property
    def operators(self) -> Path:
        """Return the folder of the encrypted keys of people who give orders over the dashboard."""
        return self.keys / "operators"

    @property
    def history(self) -> Path:
        """Return the dashboard's history of journeys and services, a database."""
        return self.root / "dashboard" / "history.db"

    @property
    def halt(self) -> Path:
        """Return the halt file: the kill switch."""
        return self.root / "halt"
