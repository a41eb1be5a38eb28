"""A whole space whose servers are those of `support.real_servers`, swapped in by settings alone."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.live import LiveSpace, copied, started
from support.proxy import Proxy
from support.real_servers import SERVICES, RealServers
from support.servers import serving

from sre_embedded.space.plan import plan_of
from sre_space.bootstrap.space.servers import JAEGER


@dataclass(frozen=True)
class RealSpace:
    """The space, its servers, and the proxy through which the agents reach Jaeger."""

    live: LiveSpace
    servers: RealServers
    jaeger: Proxy

    def partitions(self, *topics: str) -> dict[str, int]:
        """Return the number of partitions of those of the topics that are there."""
        listed = self.servers.bus.list_topics(timeout=60).topics
        return {topic: len(listed[topic].partitions) for topic in topics if topic in listed}

    def shares(self, group: str) -> list[list[tuple[str, int]]]:
        """Return topic and partition of what each member of a consumer group reads, those with most first."""
        bus = self.servers.bus  # a client that is not kept ends, and its answers with it
        found = bus.describe_consumer_groups([group], request_timeout=60)[group].result(60)
        members = [
            [(one.topic, one.partition) for one in member.assignment.topic_partitions] for member in found.members
        ]
        return sorted((sorted(member) for member in members), key=len, reverse=True)

    @contextmanager
    def second_scout(self, folder: Path) -> Iterator[None]:
        """Run another Scout with the first one's settings, key and view of the runtime, and an outbox of its own."""
        state = self.live.state
        for part in ("keys", "trust", "deploy", "run"):
            (folder / part).symlink_to(state.root / part)
        told = _variables(state.environment("scout").read_text())
        environment = told | {"SRE_SPACE_STATE": str(folder), "SRE_SPACE_UNIT": ""}
        command = [sys.executable, "-m", "sre_space.bootstrap.scout"]
        with serving(command, environment, (folder / "outbox").exists, folder / "scout.log"):
            yield


def _variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


@contextmanager
def start_on(servers: RealServers, folder: Path) -> Iterator[RealSpace]:
    """Start a space of the checkout on these servers; it ends with the context."""
    config = copied(folder)
    processes = config.with_name("processes.yaml")
    text = processes.read_text()
    for service in SERVICES:
        ours = f"sqlite:///${{SPACE_DATA}}/{service}.db"
        assert ours in text
        text = text.replace(ours, servers.database(service))
    processes.write_text(text)
    with ExitStack() as running:
        jaeger = running.enter_context(Proxy(servers.settings[JAEGER]))
        settings = servers.settings | {JAEGER: jaeger.url}
        config.with_name(".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        plan, _ = plan_of(folder / "state", True, config, False)
        live = started(plan)
        running.callback(live.down)
        yield RealSpace(live, servers, jaeger)
