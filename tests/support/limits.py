"""Services of whom only the memory limit matters."""

from sre_space.domain.configuration import Place
from sre_space.domain.health_check import http
from sre_space.domain.space_config import Autonomy, Guardrails, Service, SpaceConfig

NOBODY = SpaceConfig("", {}, (), Guardrails((), 0, 0, 0, 0))  # a configuration without services


def limited(name: str, file: str = "", key: str = "") -> Service:
    """Return a service whose memory limit lies at a key of a file; without a file it has none."""
    memory = Place(file, key) if file else None
    return Service(name, http(f"http://{name}:80/health"), name, (), Autonomy.OBSERVE, memory=memory)
