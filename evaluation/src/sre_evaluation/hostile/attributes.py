"""Span attributes by OpenTelemetry's semantic conventions, old and new, as instrumentations write them."""

from sre_evaluation.hostile.records import Attributes
from sre_evaluation.hostile.topology import Operation, Outside, Publish, Query, Service
from sre_evaluation.hostile.wording import GRPC, PORTS


def code_of(service: Service, code: int) -> Attributes:
    """Return the HTTP status under the service's conventions."""
    return {"http.status_code" if service.old_names else "http.response.status_code": code}


def served(service: Service, operation: Operation, code: int) -> Attributes:
    """Return the attributes of a server span."""
    if service.rpc:
        return {**_rpc(operation), "rpc.grpc.status_code": 0 if code < 400 else GRPC.get(code, 2)}
    method, _, route = operation.name.partition(" ")
    named = {"http.method": method, "http.target": route} if service.old_names else {
        "http.request.method": method, "url.path": route, "http.route": route}  # fmt: skip
    return {**named, **code_of(service, code)}


def call_name(target: Service, operation: Operation) -> str:
    """Return the name of a client span."""
    return operation.name if target.rpc else operation.name.partition(" ")[0]


def called(caller: Service, target: Service, operation: Operation) -> Attributes:
    """Return the attributes of a client span before its answer."""
    host: Attributes = {"net.peer.name" if caller.old_names else "server.address": target.name}
    if caller.cores == 4:  # as some agents are configured
        host["peer.service"] = target.name
    if target.rpc:
        return {**host, **_rpc(operation)}
    method, _, route = operation.name.partition(" ")
    url = f"http://{target.name}:{target.port}{route}"
    if caller.old_names:
        return {**host, "http.method": method, "http.url": url}
    return {**host, "server.port": target.port, "http.request.method": method, "url.full": url}


def answered(caller: Service, target: Service, code: int) -> Attributes:
    """Return what a client span knows of its answer."""
    if target.rpc:
        return {"rpc.grpc.status_code": 0 if code < 400 else GRPC.get(code, 2)}
    return code_of(caller, code) if code else {}


def verb(service: Service) -> str:
    """Return the name of a client span to a peer outside."""
    return "HTTP POST" if service.old_names else "POST"


def outside(service: Service, step: Outside) -> Attributes:
    """Return the attributes of a call to a peer outside."""
    url = f"https://{step.host}{step.path}"
    if service.old_names:
        return {"http.method": "POST", "http.url": url, "net.peer.name": step.host}
    return {"http.request.method": "POST", "url.full": url, "server.address": step.host, "server.port": 443}


def statement_name(query: Query) -> str:
    """Return the name of a statement's span."""
    words = query.text.split()
    return f"{words[0]} {words[{'SELECT': 3, 'UPDATE': 1}.get(words[0], 2)]}"


def asked(service: Service, query: Query, engine: str) -> Attributes:
    """Return the attributes of a statement."""
    if service.old_names:
        return {"db.system": engine, "db.name": query.database.split("-")[0], "db.statement": query.text,
                "net.peer.name": query.database, "net.peer.port": PORTS[engine]}  # fmt: skip
    return {"db.system.name": engine, "db.namespace": query.database.split("-")[0], "db.query.text": query.text,
            "server.address": query.database, "server.port": PORTS[engine]}  # fmt: skip


def cached(service: Service, cache: str) -> Attributes:
    """Return the attributes of a question to a cache."""
    return {"db.system": "redis", "net.peer.name" if service.old_names else "server.address": cache}


def published(step: Publish) -> Attributes:
    """Return the attributes of a message's span."""
    return {"messaging.system": "kafka", "messaging.destination.name": step.topic, "messaging.operation": "publish"}


def _rpc(operation: Operation) -> Attributes:
    service, _, method = operation.name.partition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
