"""Everything that the patient says and that an agent can read, as text: where the leak test looks for marks of chaos."""

import re
import subprocess
from collections.abc import Iterable

import httpx
import psutil
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.patient import Patient

from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space_ports import HOST

PATIENT = ("quote-service", "policy-service", "user-service", "traffic")
AGENTS = ("scout", "brain", "fixer", "memory")
REQUESTS = {
    "otlp_spans": (ExportTraceServiceRequest, "resource_spans"),
    "otlp_logs": (ExportLogsServiceRequest, "resource_logs"),
    "otlp_metrics": (ExportMetricsServiceRequest, "resource_metrics"),
}


def said_by_the_patient(patient: Patient, begun: int) -> str:
    """Its telemetry and events on the bus, its logs, its environment and command lines."""
    parts = []
    for topic, (kind, field) in REQUESTS.items():
        for record in patient.records(topic, begun):
            for resource in getattr(kind.FromString(record.value), field):
                named = {one.key: one.value.string_value for one in resource.resource.attributes}
                if named.get("service.name") in PATIENT:
                    parts.append(str(resource))
    parts += [
        str(record) for topic in ("quote_requested", "quote_purchased") for record in patient.records(topic, begun)
    ]
    parts += [patient.live.state.log(one).read_text(errors="replace") for one in PATIENT]
    parts += processes(patient, PATIENT)
    return "\n".join(parts)


def said_to_the_agents(patient: Patient, begun: int) -> str:
    """Everything that an agent can read, and what agents wrote."""
    state, ports = patient.live.state, patient.live.running.ports
    parts = [
        str(record)
        for topic in (*REQUESTS, "changes", "sre_signals", "sre_facts")
        for record in known(patient, topic, begun)
    ]
    jaeger = f"http://{HOST}:{ports['jaeger_port']}/api/traces"
    for service in (*PATIENT, *AGENTS):
        answer = httpx.get(jaeger, params={"service": service, "limit": "1500"}, trust_env=False, timeout=60)
        parts.append(answer.text)
    parts += processes(patient, AGENTS)
    parts += [path.read_text(errors="replace") for path in state.log("any").parent.glob("*.log")]
    owner, _, repo = patient.live.running.repository.partition("/")
    bare = state.root / "forge" / owner / f"{repo}.git"
    parts.append(
        subprocess.run(["git", "log", "--all", "-p"], cwd=bare, capture_output=True, text=True, check=True).stdout
    )
    parts.append(patient.live.ask(issue_texts))
    parts.append((state.deployed.parent / "deployments.jsonl").read_text())
    return "\n".join(parts)


def known(patient: Patient, topic: str, begun: int) -> list[object]:
    """Records of a topic that may not exist yet."""
    try:
        return list(patient.records(topic, begun))
    except KeyError:
        return []


async def issue_texts(operator: Operator) -> str:
    texts = []
    for issue in await operator.forge.issues(state="all"):
        texts += [issue.title, issue.body, *(one.body for one in await operator.forge.comments(issue.number))]
    return "\n".join(texts)


def processes(patient: Patient, names: tuple[str, ...]) -> list[str]:
    """Environments and command lines."""
    found = [psutil.Process(pid) for pid in map(patient.live.pid, names) if pid]
    assert len(found) == len(names)
    return [f"{one.environ()} {one.cmdline()}" for one in found]


def mentions(text: str, words: Iterable[str]) -> set[str]:
    """The words that stand in a text by themselves."""
    return {word for word in words if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)}
