"""The store of traces that JAEGER_URL chooses, for agents and command line alike."""

from collections.abc import Callable
from typing import Protocol

from sre_space.adapters.http_check import jaeger_check
from sre_space.adapters.jaeger import JaegerTraces
from sre_space.bootstrap.choice import Choice
from sre_space.ports.server_check import ServerCheck
from sre_space.ports.traces import TraceById, TraceDocuments


class TraceStore(TraceById, TraceDocuments, Protocol):
    """A store that answers with spans, with one trace, and with documents."""


TRACE_STORES: dict[str, Callable[[str], TraceStore]] = {
    "http": JaegerTraces,
    "https": JaegerTraces,
}
CHECKS: dict[str, Callable[[str], ServerCheck]] = {"http": jaeger_check, "https": jaeger_check}
_CHOICE = Choice("JAEGER_URL", TRACE_STORES)


def trace_store_of(url: str) -> TraceStore:
    """Return the client of the store at a URL; raise `Malformed` for an unknown one."""
    adapter, _ = _CHOICE.of(url)
    return adapter(url)


def check_of(url: str) -> ServerCheck:
    """Return what asks the server at a URL whether it serves; raise `Malformed` for an unknown one."""
    check, _ = Choice("JAEGER_URL", CHECKS).of(url)
    return check(url)
