"""How a service is asked whether it is healthy, or ready: a typed value of the configuration."""

from dataclasses import dataclass
from enum import StrEnum

TIMEOUT_S = 0.5


class CheckKind(StrEnum):
    """The protocol of a check, by its key in the configuration."""

    HTTP = "http"
    TCP = "tcp"
    GRPC = "grpc"


@dataclass(frozen=True)
class HealthCheck:
    """One check. `target` is a URL for HTTP, else `host:port`.

    HTTP: a GET whose status is one of `statuses`, any 2xx where it is (). TCP: a connection is accepted. GRPC: the
    standard health service says SERVING of `service` ("": the whole server). `timeout_s` limits the whole check.
    """

    kind: CheckKind
    target: str
    statuses: tuple[int, ...] = ()
    service: str = ""
    timeout_s: float = TIMEOUT_S

    @property
    def address(self) -> str:
        """Return the `host:port` that is asked."""
        return self.target.partition("://")[2].partition("/")[0] if self.kind is CheckKind.HTTP else self.target

    def __str__(self) -> str:
        """Return the target, for people."""
        return self.target


def http(url: str) -> HealthCheck:
    """Return the check that a GET of `url` answers with 2xx within half a second."""
    return HealthCheck(CheckKind.HTTP, url)
