"""The experiments: each a value with its injection, and the truth that only the judge reads."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sre_chaos.runtime import Runtime


@dataclass(frozen=True)
class Truth:
    """What is really wrong, and what really helps."""

    kind: str
    remedies: tuple[str, ...]


@dataclass(frozen=True)
class Experiment:
    """One fault: `inject` hits a service and returns the process id that it hit."""

    name: str
    what: str
    default_service: str
    inject: Callable[[Runtime, str], int]
    truth: Truth


def kill(runtime: Runtime, service: str) -> int:
    """A real SIGKILL."""
    pid = runtime.pid(service)
    os.kill(pid, signal.SIGKILL)
    return pid


EXPERIMENTS: Mapping[str, Experiment] = {
    one.name: one
    for one in (
        Experiment("kill", "SIGKILL: the process is gone", "policy-service", kill, Truth("crash", ("restart",))),
    )
}
