"""Everything that the application says and that an agent can read, as text: where the leak test looks."""

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence

import httpx
import psutil
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.application import Application

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.servers import HOST
from sre_space.ports.bus import Record

APPLICATION = ("quote-service", "policy-service", "user-service", "traffic")
AGENTS = ("scout", "brain", "fixer", "memory")
EVENTS = ("quote_requested", "quote_purchased", "changes")
AGENTS_TOPICS = ("sre_signals", "sre_sightings", "sre_facts")
TRACES = 300  # of each service over Jaeger's API; the bus holds all spans
TELEMETRY: Mapping[str, type[Message]] = {
    "otlp_spans": ExportTraceServiceRequest,
    "otlp_logs": ExportLogsServiceRequest,
    "otlp_metrics": ExportMetricsServiceRequest,
}


def said_by_the_application(application: Application, begun: int) -> str:
    """Its telemetry and events on the bus, its logs, its environment and command lines; nothing twice."""
    said: set[str] = set()
    for topic, kind in TELEMETRY.items():
        for record in application.records(topic, begun):
            request = kind()
            request.ParseFromString(record.value)
            ((_, resources),) = request.ListFields()
            said.update(text for one in resources if _service(one) in APPLICATION for text in texts(one))
    said.update(_text(record) for topic in EVENTS for record in application.records(topic, begun))
    for name in APPLICATION:
        said.update(application.live.state.log(name).read_text(errors="replace").splitlines())
    return "\n".join((*said, *_processes(application, APPLICATION)))


def said_to_the_agents(application: Application, begun: int) -> str:
    """Everything that an agent can read, and what agents wrote."""
    state = application.live.state
    topics = (*TELEMETRY, *EVENTS, *AGENTS_TOPICS)
    parts = [_text(record) for topic in topics for record in _records(application, topic, begun)]
    jaeger = f"http://{HOST}:{application.live.running.ports['jaeger_port']}/api/traces"
    for service in (*APPLICATION, *AGENTS):
        asked = {"service": service, "limit": str(TRACES)}
        parts.append(httpx.get(jaeger, params=asked, trust_env=False, timeout=60).text)
    parts += _processes(application, AGENTS)
    parts += [path.read_text(errors="replace") for path in state.log("any").parent.glob("*.log")]
    parts += [_history(application), (state.deployed.parent / "deployments.jsonl").read_text()]
    return "\n".join((*parts, application.live.ask(_issues)))


def mentions(text: str, words: Iterable[str]) -> set[str]:
    """Return those of the words that stand in a text by themselves."""
    return {word for word in words if word in text and re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)}


def texts(message: Message) -> Iterator[str]:
    """Every string in a message."""
    for field, value in message.ListFields():
        for one in value if field.is_repeated else (value,):
            if isinstance(one, str):
                yield one
            elif isinstance(one, Message):
                yield from texts(one)


def _service(resource: Message) -> str:
    words = list(texts(resource.resource))  # type: ignore[attr-defined]
    return words[words.index("service.name") + 1]


def _text(record: Record) -> str:
    told = b"\n".join((record.key, record.value, *record.headers.values()))
    return "\n".join((told.decode("latin-1"), *record.headers))


def _records(application: Application, topic: str, begun: int) -> Sequence[Record]:
    """Return the records of a topic; none when it does not exist yet."""
    try:
        return application.records(topic, begun)
    except KeyError:
        return ()


def _processes(application: Application, names: Sequence[str]) -> list[str]:
    """Environments and command lines."""
    found = [psutil.Process(pid) for pid in map(application.live.pid, names) if pid]
    assert len(found) == len(names)
    return [f"{one.environ()} {one.cmdline()}" for one in found]


def _history(application: Application) -> str:
    """Every commit of the space's repository with what it changed."""
    owner, _, repo = application.live.running.repository.partition("/")
    bare = application.live.state.root / "forge" / owner / f"{repo}.git"
    return subprocess.run(["git", "log", "--all", "-p"], cwd=bare, capture_output=True, text=True, check=True).stdout


async def _issues(operator: Operator) -> str:
    told = []
    for issue in await operator.forge.issues(state="all"):
        told += [issue.title, issue.body, *(one.body for one in await operator.forge.comments(issue.number))]
    return "\n".join(told)
