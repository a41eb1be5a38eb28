"""Which service is out: failed traces, the runtime and health probes, weighed against each other.

Used by the Brain. The deepest first failure of an error chain is to blame, its callers are
victims (the spectrum of failing traces as in MicroRank, Yu et al., WWW 2021, here with
coverage alone: an outage fails every trace through it).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_space.domain.facts import Cause, CauseKind, Confidence, Diagnosis, Evidence
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

MAJORITY = 0.5  # share of the failed traces that the first cause must explain to be CONFIRMED


@dataclass(frozen=True)
class ServiceState:
    """What the runtime and a probe say now: `ended` for a unit that does not run, `starting` for one just started."""

    service: str
    ended: bool
    runtime: str
    runtime_id: str
    answered: bool
    healthy: bool
    health: str
    starting: bool = False

    @property
    def sick(self) -> bool:
        """Out on its own evidence; one that was started a moment ago is not judged yet."""
        return self.ended or not (self.healthy or self.starting)


@dataclass(frozen=True)
class Failure:
    """The deepest failure of one trace and the service that it accuses."""

    span: Span
    accused: str


def deepest_failures(spans: Sequence[Span], peers: Mapping[str, str]) -> list[Failure]:
    """One failure for each failed span without a failed child.

    A failed client call is charged to the callee when the callee left no span of its own:
    nobody was there to write one. `peers` maps `host:port` to the service behind it.
    """
    children: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        children[span.parent_id].append(span)
    return [
        Failure(span, _accused(span, children[span.span_id], peers))
        for span in spans
        if span.status is SpanStatus.ERROR
        and not any(child.status is SpanStatus.ERROR for child in children[span.span_id])
    ]


def _accused(span: Span, children: Sequence[Span], peers: Mapping[str, str]) -> str:
    callee = peers.get(peer_of(span), "")
    silent = span.kind is SpanKind.CLIENT and callee and all(child.service != callee for child in children)
    return callee if silent else span.service


def peer_of(span: Span) -> str:
    """`host:port` that a client span called; "" when its attributes do not say."""
    host, port = span.attributes.get("server.address"), span.attributes.get("server.port")
    if host is not None and port is not None:
        return f"{host}:{port}"
    url = str(span.attributes.get("url.full") or span.attributes.get("http.url") or "")
    return url.partition("://")[2].partition("/")[0]


def diagnose(states: Sequence[ServiceState], failures: Sequence[Failure]) -> Diagnosis:
    """Rank the services that are out by the share of failed traces that each explains."""
    votes = Counter(failure.accused for failure in failures)
    evidence = _evidence(states, failures)
    sick = [_cause(state, votes, failures) for state in states if state.sick]
    causes = sorted(sick, key=lambda cause: -cause.score)
    return Diagnosis(_verdict(causes, states, bool(failures)), tuple(causes), evidence)


def _verdict(causes: Sequence[Cause], states: Sequence[ServiceState], traced: bool) -> Confidence:
    """Half the services out, each by itself, have a cause that nobody sees from here: that is no restart."""
    independent = [cause for cause in causes if cause.kind is not CauseKind.UNKNOWN]
    many = len(independent) > 1 and len(causes) * 2 >= len(states)
    best = causes[0] if causes else None
    if best is None or best.kind is CauseKind.UNKNOWN or many:
        return Confidence.INCONCLUSIVE
    if best.kind is CauseKind.CRASH and traced and best.score > MAJORITY:
        return Confidence.CONFIRMED
    return Confidence.LIKELY


def _cause(state: ServiceState, votes: Mapping[str, int], failures: Sequence[Failure]) -> Cause:
    total = len(failures)
    share = votes.get(state.service, 0) / total if total else 0.0
    cited = [_health_id(state), state.runtime_id]
    cited += [_trace_id(failure) for failure in failures if failure.accused == state.service][:3]
    return Cause(state.service, _operation(state.service, failures), _kind(state), round(share, 3), tuple(cited))


def _kind(state: ServiceState) -> CauseKind:
    if state.ended:
        return CauseKind.CRASH
    return CauseKind.UNKNOWN if state.answered else CauseKind.HANG


def _operation(service: str, failures: Sequence[Failure]) -> str:
    names = Counter(failure.span.name for failure in failures if failure.accused == service)
    return names.most_common(1)[0][0] if names else ""


def _evidence(states: Sequence[ServiceState], failures: Sequence[Failure]) -> tuple[Evidence, ...]:
    told = [Evidence(state.runtime_id, f"{state.service}: {state.runtime}") for state in states]
    told += [Evidence(_health_id(state), f"{state.service}: {state.health}") for state in states]
    told += [_witness(failure) for accused in _accused_services(failures) for failure in accused[:3]]
    return tuple(told)


def _accused_services(failures: Sequence[Failure]) -> list[list[Failure]]:
    grouped: dict[str, list[Failure]] = defaultdict(list)
    for failure in failures:
        grouped[failure.accused].append(failure)
    return list(grouped.values())


def _witness(failure: Failure) -> Evidence:
    span = failure.span
    told = f"{span.service} failed at `{span.name}` after {span.duration / 1e6:.0f} ms; deepest failure of its trace"
    if failure.accused != span.service:
        told += f", and {failure.accused} left no span in it"
    return Evidence(_trace_id(failure), told)


def _trace_id(failure: Failure) -> str:
    return f"trace:{failure.span.trace_id}/{failure.span.span_id}"


def _health_id(state: ServiceState) -> str:
    return f"health:{state.service}"
