"""The keys and secrets of a space of containers: each container has a folder of its own, with nothing of another's.

Everything is made once and kept, so that what runs goes on when the containers are started again.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.servers.telemetry.tokens import render
from sre_embedded.space.processes import IDENTITIES, LOGINS
from sre_embedded.space.telemetry_secrets import TOKEN
from sre_space.adapters.ed25519 import make_key
from sre_space.bootstrap.record_key import KEY_BYTES
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.bootstrap.space.servers import FORGE, HEADERS
from sre_space.codec.variables import parse_variables
from sre_space.paths import StatePaths
from sre_space.state_files import make_folder, write_private

# containers beside agents and application
OPERATOR, DASHBOARD, TELEMETRY, DATABASE, NETWORK = "operator", "dashboard", "telemetry", "database", "network"
FORGE_TOKEN = "GITHUB_PERSONAL_ACCESS_TOKEN"
GUEST = "reporting"  # the role that is a member of the services' roles, from which their databases are hit
GUEST_URL = "SRE_CHAOS_DATABASE_URL"
_READ_RECORDS = ("scout", "brain", TELEMETRY)
_READABLE = 0o644  # the database's image reads as a user of its own; no other container has the folder


@dataclass(frozen=True)
class Containers:
    """The containers of a space: `application` sends telemetry, and each of `databases` has one of its own.

    `folder` holds a folder for each container, which it sees as the `keys` of its state folder. `forge` is the address
    of the embedded forge, `database` host and port of the server of databases, and `variable` what tells a container
    where its own is. `chaos` injects faults, by the links of the container `network` among others; "" without both.
    """

    folder: Path
    application: Sequence[str]
    databases: Sequence[str]
    forge: str
    database: str
    variable: str
    chaos: str = ""

    def make(self, state: StatePaths) -> None:
        """Make what is missing: keys, the trust store in `state`, the accounts of the forge, tokens and passwords."""
        for name in SIGNERS:
            make_key(self._paths(name).key(name), state.trust, name)
        accounts = {one.login: one.token for one in write_identities(state.identities, IDENTITIES)}
        senders = {**{name: f"sre-{name}" for name in AGENTS}, **{name: name for name in self.application}}
        tokens = {name: self._kept(name, HEADERS).partition("%20")[2] or _token() for name in senders}
        passwords = {name: self._password(name) for name in self.databases}
        for name in {*LOGINS, OPERATOR, *senders}:
            values: dict[str, str] = {}
            if login := {**LOGINS, OPERATOR: OPERATOR}.get(name):
                values |= {FORGE: self.forge, FORGE_TOKEN: accounts[login]}
            if name in tokens:
                values |= {HEADERS: f"authorization=Bearer%20{tokens[name]}"}
            if name in passwords:
                values |= {self.variable: self._url(name, passwords[name])}
            write_private(self._paths(name).secrets, "".join(f"{key}={value}\n" for key, value in values.items()))
        write_private(
            self._paths(TELEMETRY).telemetry_tokens, render({tokens[name]: [senders[name]] for name in senders})
        )
        for name in (OPERATOR, DASHBOARD):
            make_folder(self._paths(name).operators)  # where the volume with people's keys is mounted
        self._share_key("record_key", KEY_BYTES, TELEMETRY, _READ_RECORDS)
        self._make_database(passwords, self._make_chaos(accounts[OPERATOR]) if self.chaos else "")

    def _paths(self, name: str) -> "_Container":
        make_folder(self.folder / name)
        return _Container(self.folder / name)

    def _kept(self, name: str, variable: str) -> str:
        """Return a variable that this container has already; "" for none."""
        path = self._paths(name).secrets
        return parse_variables(path.read_text(), str(path)).get(variable, "") if path.exists() else ""

    def _password(self, name: str) -> str:
        kept = self._kept(name, self.variable).rpartition("@")[0].rpartition(":")[2]
        return kept or secrets.token_hex(24)

    def _url(self, name: str, password: str) -> str:
        role = _role(name)
        return f"postgresql+psycopg://{role}:{password}@{self.database}/{role}"

    def _make_chaos(self, token: str) -> str:
        """Give the right to commit, to slow the links and to reach the databases; return the guest's password."""
        password = self._kept(self.chaos, GUEST_URL).rpartition("@")[0].rpartition(":")[2] or secrets.token_hex(24)
        url = f"postgresql://{GUEST}:{password}@{self.database}"
        values = {FORGE: self.forge, FORGE_TOKEN: token, GUEST_URL: url}
        text = "".join(f"{key}={value}\n" for key, value in values.items())
        write_private(self._paths(self.chaos).secrets, text)
        self._share_key("network_key", KEY_BYTES, NETWORK, (NETWORK, self.chaos))
        return password

    def _share_key(self, path: str, length: int, first: str, owners: Iterable[str]) -> None:
        """Give a key that the `first` one keeps to all who share it; `path` is its property of the state folder."""
        kept: Path = getattr(self._paths(first), path)
        key = kept.read_text() if kept.exists() else secrets.token_hex(length)
        for name in owners:
            write_private(getattr(self._paths(name), path), key)

    def _make_database(self, passwords: Mapping[str, str], guest: str) -> None:
        """Write the owner's password, and the statements that make a role and a database for each service.

        With a password for the `guest`, its role too.
        """
        folder = self.folder / DATABASE
        make_folder(folder)
        folder.chmod(0o755)
        owner = folder / "password"
        if not owner.exists():
            _write_readable(owner, secrets.token_hex(24))
        roles = [*_statements(passwords), *(_guest_statements(passwords, guest) if guest else ())]
        _write_readable(folder / "roles.sql", "".join(roles))


@dataclass(frozen=True)
class _Container(StatePaths):
    """The folder of one container, as its processes see it."""

    @property
    def keys(self) -> Path:
        """Return the folder of its keys, which is the whole."""
        return self.root


def _token() -> str:
    return f"{TOKEN}{secrets.token_hex(24)}"


def _role(name: str) -> str:
    return name.replace("-", "_")


def _statements(passwords: Mapping[str, str]) -> Iterable[str]:
    for role, password in ((_role(name), password) for name, password in passwords.items()):
        yield f"CREATE ROLE {role} LOGIN PASSWORD '{password}';\n"
        yield f"CREATE DATABASE {role} OWNER {role};\nREVOKE CONNECT ON DATABASE {role} FROM PUBLIC;\n"


def _guest_statements(services: Iterable[str], password: str) -> Iterable[str]:
    yield f"CREATE ROLE {GUEST} LOGIN PASSWORD '{password}' IN ROLE {', '.join(map(_role, services))};\n"


def _write_readable(path: Path, text: str) -> None:
    write_private(path, text)
    path.chmod(_READABLE)
