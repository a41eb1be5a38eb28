"""The ports of an embedded space: the defaults, others from the environment, or a free block."""

import contextlib
import errno
import random
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace

import psutil

from sre_space.bootstrap.space.servers import HOST
from sre_space.domain.errors import Malformed, Refused

NEXT_PORTS = 100  # tried for the dashboard: other programs use its usual port too
_FREE_RANGE = (20_000, 32_000)  # below the ports that kernels give to outgoing connections


@dataclass(frozen=True)
class Ports:
    """Every listener of the space: its servers, and the ports of the `application` by name; all are on 127.0.0.1."""

    bus_port: int = 9092
    otlp_grpc_port: int = 4317
    otlp_http_port: int = 4318
    jaeger_port: int = 16686
    chroma_port: int = 8000
    forge_port: int = 8010
    dashboard_port: int = 3000
    application: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> "Ports":
        """Return these ports by name; the defaults of the servers that are not named."""
        own = {name: number for name, number in numbers.items() if name in SERVERS}
        return cls(**own, application={name: number for name, number in numbers.items() if name not in SERVERS})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], declared: Mapping[str, int] | None = None) -> "Ports":
        """Return the default ports and those `declared` by variable, each replaced by its variable where that is set.

        Raise `Malformed` for a value that is not a port, and for two equal ports.
        """
        usual = {**cls().numbers, **{name.lower(): port for name, port in (declared or {}).items()}}
        chosen = {name: _port(name.upper(), environment) for name in usual if environment.get(name.upper())}
        ports = cls.of({**usual, **chosen})
        duplicates = {port for port in ports.numbers.values() if list(ports.numbers.values()).count(port) > 1}
        if duplicates:
            names = " and ".join(name.upper() for name, port in ports.numbers.items() if port in duplicates)
            raise Malformed(f"{names} are the same port; set them to different ones")
        return ports

    @classmethod
    def free_block(cls, declared: Collection[str] = ()) -> "Ports":
        """Return consecutive ports of which none is in use now, also for the `declared` variables.

        Raise `Refused` when none are found.
        """
        names = [*SERVERS, *(name.lower() for name in declared)]
        for _ in range(200):
            first = random.randrange(*_FREE_RANGE, max(20, len(names)))
            if all(is_free(first + index) for index in range(len(names))):
                return cls.of({name: first + index for index, name in enumerate(names)})
        raise Refused(f"no block of {len(names)} free ports between {_FREE_RANGE[0]} and {_FREE_RANGE[1]}")

    def with_free_dashboard(self) -> "Ports":
        """Return these ports, with the next free one for the dashboard where another program has its port."""
        others = {port for name, port in self.numbers.items() if name != "dashboard_port"}
        candidates = range(self.dashboard_port, min(65_536, self.dashboard_port + NEXT_PORTS))
        free = (port for port in candidates if port not in others and is_free(port))
        return replace(self, dashboard_port=next(free, self.dashboard_port))

    @property
    def numbers(self) -> Mapping[str, int]:
        """Return the ports by name."""
        return {**{name: int(getattr(self, name)) for name in SERVERS}, **self.application}

    def refuse_taken(self, unused: Collection[str] = ()) -> None:
        """Raise `Refused` with the first port that cannot be bound now, the reason, and the setting that changes it."""
        for name, port in self.numbers.items():
            if name not in unused and (error := _refusal(port)) is not None:
                unit = name.removesuffix("_port").replace("_", "-")
                message = f"port {port} ({unit}) {_why(error, port)}"
                raise Refused(f"{message}; set {name.upper()} to another, or use --ports free")


SERVERS = tuple(one.name for one in fields(Ports) if one.name != "application")


def is_free(port: int) -> bool:
    """Return True when a listener could be bound now (a connection that is still closing does not matter)."""
    return _refusal(port) is None


def _refusal(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error
    return None


def _why(error: OSError, port: int) -> str:
    if error.errno == errno.EACCES:
        return "is a system port: this user may use ports from 1024 on"
    return f"is in use{_by_process(port)}" if error.errno == errno.EADDRINUSE else f"cannot be bound: {error.strerror}"


def _port(variable: str, environment: Mapping[str, str]) -> int:
    text = environment[variable]
    if not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise Malformed(f"{variable}={text[:40]} is not a port; set it to a number from 1 to 65535")
    return int(text)


def _by_process(port: int) -> str:
    """Return the name and id of the process that listens on a port; "" when the system does not show it."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
