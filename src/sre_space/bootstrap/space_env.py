"""The environment of each process: only what it needs, secrets only to whom they belong, never on a command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sre_space.bootstrap.space_ports import HOST, Ports
from sre_space.bootstrap.space_state import State, write_private
from sre_space.bootstrap.space_table import AGENTS, SERVICES, Process, Role
from sre_space.domain.errors import Malformed

HOURS_ARE_MINUTES = {"SLO_WINDOW_SCALE": str(1 / 60)}
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH")


@dataclass(frozen=True)
class Plan:
    """A space to be: its state, its ports, its chart (which lies in the checkout), its repository.

    In a `dry_run` the doctor watches, diagnoses and decides, and changes nothing.
    """

    state: State
    ports: Ports
    chart: Path
    owner: str
    repo: str
    dry_run: bool = False

    @property
    def checkout(self) -> Path:
        """The folder that holds the chart, `deploy/` and the services."""
        return self.chart.parent


@dataclass(frozen=True)
class Tokens:
    """What processes authenticate with: at the forge, by login, and at the telemetry server, by process."""

    forge: Mapping[str, str]
    telemetry: Mapping[str, str]


def write_environments(plan: Plan, processes: tuple[Process, ...], tokens: Tokens) -> None:
    """One file of mode 0600 per process, which the launcher reads."""
    for process in processes:
        values = environment_of(plan, process, tokens)
        broken = [name for name, value in values.items() if "\n" in value]
        if broken:
            raise Malformed(f"{broken[0]} holds a line break; set it to one line")
        last = {"SRE_SPACE_UNIT": values.pop("SRE_SPACE_UNIT")}  # the launcher takes no file that was cut off before it
        text = "".join(f"{name}={value}\n" for name, value in (values | last).items())
        write_private(plan.state.run / "env" / f"{process.name}.env", text)


def environment_of(plan: Plan, process: Process, tokens: Tokens) -> dict[str, str]:
    """The whole environment of one process."""
    values = _inherited() | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        "SRE_SPACE_UNIT": f"{process.name}@{plan.state.mark}",
        "OTEL_SERVICE_NAME": process.name,
    }
    values |= addresses(plan.ports.numbers)
    if process.name in tokens.telemetry:
        values["OTEL_EXPORTER_OTLP_HEADERS"] = f"authorization=Bearer%20{tokens.telemetry[process.name]}"
    if process.role in (Role.PATIENT, Role.CUSTOMERS):
        return values | _patient(plan, process)
    return values | _doctor(plan) | _own(plan, process, tokens)


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in _INHERITED if os.environ.get(name)}


def chart_environment(ports: Mapping[str, int]) -> dict[str, str]:
    """With what agents fill in the chart's `${NAME}`: where everything listens, and what all processes inherit."""
    return _inherited() | addresses(ports)


def addresses(ports: Mapping[str, int]) -> dict[str, str]:
    """Where everything listens, as every process is told; `ports` by name."""
    values = {
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{ports['bus_port']}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{ports['otlp_grpc_port']}",
    }
    for service in SERVICES:
        variable = service.upper().replace("-", "_")
        port = ports[f"{variable.lower()}_port"]
        link = ports.get(f"{variable.lower()}_link_port")
        values |= {f"{variable}_PORT": str(port), f"{variable}_URL": f"http://{HOST}:{link or port}"}
        values |= {f"{variable}_LINK_PORT": str(link)} if link else {}
    return values


def _patient(plan: Plan, process: Process) -> dict[str, str]:
    """A service knows its database and nobody's secrets."""
    database = plan.state.root / "apps" / f"{process.name}.db"
    if process.role is Role.PATIENT:
        return {"DATABASE_URL": f"sqlite:///{database}"}
    return {"TRAFFIC_DEMAND_FILE": str(plan.state.root / "apps" / "demand.env")}


def _doctor(plan: Plan) -> dict[str, str]:
    return {
        "SRE_SPACE_STATE": str(plan.state.root),
        "SRE_SPACE_CHART": str(plan.chart),
        "REPO_OWNER": plan.owner,
        "REPO_NAME": plan.repo,
    }


def _own(plan: Plan, process: Process, tokens: Tokens) -> dict[str, str]:
    """What this one process needs beyond the rest."""
    ports = {name.upper(): str(port) for name, port in plan.ports.numbers.items()}
    socket = {"RUNTIME_SOCKET": str(plan.state.socket)}
    reading = {"RUNTIME_READ_SOCKET": str(plan.state.read_socket)}
    jaeger = {"JAEGER_URL": f"http://{HOST}:{plan.ports.jaeger_port}"}
    records = {"TELEMETRY_RECORD_KEY_FILE": str(plan.state.record_key)}
    match process.name:
        case "chroma":
            return {"ANONYMIZED_TELEMETRY": "False"}
        case "telemetry":
            doors = {"TELEMETRY_TOKENS_FILE": str(plan.state.telemetry_tokens)}
            return ports | records | doors | _set("SPANS_MAX_BYTES", "SPANS_RETENTION_SECONDS")
        case "forge":
            return ports | {"FORGE_SEED": str(plan.checkout)}
        case "brain":
            return (
                _agent(plan, process, tokens) | reading | jaeger | records | _set("OPENAI_API_KEY", "SRE_NOTIFY_URLS")
            )
        case "fixer":
            dry = {"DRY_RUN": "true"} if plan.dry_run else {}
            return _agent(plan, process, tokens) | socket | _set("SRE_NOTIFY_URLS") | dry
        case "memory":
            return _agent(plan, process, tokens) | {"CHROMA_URL": f"http://{HOST}:{plan.ports.chroma_port}"}
        case "scout":
            return _agent(plan, process, tokens) | records | _set("SRE_NOTIFY_URLS") | HOURS_ARE_MINUTES
        case "warden":
            return socket | _set("SRE_NOTIFY_URLS")
        case "network":
            state = plan.state
            return {"NETWORK_SOCKET": str(state.network_socket), "NETWORK_SECRET_FILE": str(state.network_key)}
        case _:
            return ports


def _agent(plan: Plan, process: Process, tokens: Tokens) -> dict[str, str]:
    assert process.name in AGENTS
    return {
        "FORGE_URL": f"http://{HOST}:{plan.ports.forge_port}/mcp",
        "GITHUB_PERSONAL_ACCESS_TOKEN": tokens.forge[f"sre-{process.name}"],
    }


def _set(*names: str) -> dict[str, str]:
    """What a person has set, from the environment of the command."""
    return {name: os.environ[name] for name in names if os.environ.get(name)}
