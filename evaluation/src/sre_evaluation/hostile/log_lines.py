"""Log records in the formats that services write: OTLP with severity, JSON, logfmt, plain lines, JSON inside JSON."""

import json
from datetime import UTC, datetime

from sre_evaluation.hostile.records import Log
from sre_evaluation.hostile.topology import Service

_NUMBERS = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}
_LOWER = {"DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}
Json = dict[str, object]


def record_of(log: Log, service: Service, start: int) -> Json:
    """Return the OTLP record of a line, in the format of its service."""
    at = start + int(log.at * 1_000_000)
    record: Json = {"timeUnixNano": str(at), "body": {"stringValue": _body(log, service, at)}}
    if service.log_format == "otel":
        record |= {"severityNumber": _NUMBERS[log.level], "severityText": log.level}
    if log.trace and service.log_format in ("otel", "json"):
        record |= {"traceId": log.trace, "spanId": log.span}
    return record


def _body(log: Log, service: Service, at: int) -> str:
    shown = datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="milliseconds")
    match service.log_format:
        case "json":
            return json.dumps({"ts": shown, "level": _LOWER[log.level], "msg": log.text, "trace_id": log.trace})
        case "logfmt":
            return f'time={shown} level={_LOWER[log.level]} msg="{log.text}" trace_id={log.trace}'
        case "plain":
            return f"{shown} [{log.level}] {service.name} - {log.text}"
        case "nested":
            inner = json.dumps({"severity": log.level, "message": log.text})
            return json.dumps({"stream": "stderr", "log": inner})
    return log.text
