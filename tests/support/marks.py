"""Everything that the patient says and that an agent can read, as text: where the leak test looks."""

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence

import httpx
import psutil
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.patient import Patient

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.ports import HOST
from sre_space.ports.bus import Record

PATIENT = ("quote-service", "policy-service", "user-service", "traffic")
AGENTS = ("scout", "brain", "fixer", "memory")
EVENTS = ("quote_requested", "quote_purchased", "changes")
AGENTS_TOPICS = ("sre_signals", "sre_sightings", "sre_facts")
TRACES = 300  # of each service over Jaeger's API; the bus holds all spans
TELEMETRY: Mapping[str, type[Message]] = {
    "otlp_spans": ExportTraceServiceRequest,
    "otlp_logs": ExportLogsServiceRequest,
    "otlp_metrics": ExportMetricsServiceRequest,
}


def said_by_the_patient(patient: Patient, begun: int) -> str:
    """Its telemetry and events on the bus, its logs, its environment and command lines; nothing twice."""
    said: set[str] = set()
    for topic, kind in TELEMETRY.items():
        for record in patient.records(topic, begun):
            request = kind()
            request.ParseFromString(record.value)
            ((_, resources),) = request.ListFields()
            said.update(text for one in resources if _service(one) in PATIENT for text in texts(one))
    said.update(_text(record) for topic in EVENTS for record in patient.records(topic, begun))
    for name in PATIENT:
        said.update(patient.live.state.log(name).read_text(errors="replace").splitlines())
    return "\n".join((*said, *_processes(patient, PATIENT)))


def said_to_the_agents(patient: Patient, begun: int) -> str:
    """Everything that an agent can read, and what agents wrote."""
    state = patient.live.state
    topics = (*TELEMETRY, *EVENTS, *AGENTS_TOPICS)
    parts = [_text(record) for topic in topics for record in _records(patient, topic, begun)]
    jaeger = f"http://{HOST}:{patient.live.running.ports['jaeger_port']}/api/traces"
    for service in (*PATIENT, *AGENTS):
        asked = {"service": service, "limit": str(TRACES)}
        parts.append(httpx.get(jaeger, params=asked, trust_env=False, timeout=60).text)
    parts += _processes(patient, AGENTS)
    parts += [path.read_text(errors="replace") for path in state.log("any").parent.glob("*.log")]
    parts += [_history(patient), (state.deployed.parent / "deployments.jsonl").read_text()]
    return "\n".join((*parts, patient.live.ask(_issues)))


def mentions(text: str, words: Iterable[str]) -> set[str]:
    """The words that stand in a text by themselves."""
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


def _records(patient: Patient, topic: str, begun: int) -> Sequence[Record]:
    """Records of a topic; none when it does not exist yet."""
    try:
        return patient.records(topic, begun)
    except KeyError:
        return ()


def _processes(patient: Patient, names: Sequence[str]) -> list[str]:
    """Environments and command lines."""
    found = [psutil.Process(pid) for pid in map(patient.live.pid, names) if pid]
    assert len(found) == len(names)
    return [f"{one.environ()} {one.cmdline()}" for one in found]


def _history(patient: Patient) -> str:
    """Every commit of the space's repository with what it changed."""
    owner, _, repo = patient.live.running.repository.partition("/")
    bare = patient.live.state.root / "forge" / owner / f"{repo}.git"
    return subprocess.run(["git", "log", "--all", "-p"], cwd=bare, capture_output=True, text=True, check=True).stdout


async def _issues(operator: Operator) -> str:
    told = []
    for issue in await operator.forge.issues(state="all"):
        told += [issue.title, issue.body, *(one.body for one in await operator.forge.comments(issue.number))]
    return "\n".join(told)
