"""The error lines of services, read from OTLP log requests and scrubbed for people to read."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from sre_space.codec.log_text import severity_of, text_of
from sre_space.codec.otlp import attributes_of, value_of
from sre_space.domain.bounds import cut
from sre_space.domain.errors import Malformed
from sre_space.text.prose import quotable, scrub

ERROR = 17  # OTLP's severity number from which on a record is an error
MAX_LINE = 200  # characters
READ = 4 * MAX_LINE  # characters that are scrubbed before the line is cut: half a token would not be recognised


@dataclass(frozen=True)
class ErrorLine:
    """One error line of a service's log, `at` a time in Unix ns (0: the record has none)."""

    service: str
    at: int
    text: str


def error_lines(body: bytes, services: Collection[str]) -> Iterator[ErrorLine]:
    """Yield the errors that `services` logged; raise `Malformed` when the bytes are not a log request."""
    request = ExportLogsServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are not an OTLP log request: {error}") from error
    for resource in request.resource_logs:
        service = str(attributes_of(resource.resource.attributes).get("service.name", ""))
        if service in services:
            for scope in resource.scope_logs:
                yield from _errors(service, scope.log_records)


def _errors(service: str, records: Collection[LogRecord]) -> Iterator[ErrorLine]:
    for record in records:
        if 0 < record.severity_number < ERROR:
            continue
        text = text_of(value_of(record.body))
        if severity_of(record.severity_number, record.severity_text, text) >= ERROR:
            at = record.time_unix_nano or record.observed_time_unix_nano
            yield ErrorLine(service, at, harmless_line(text.message))


def harmless_line(text: str) -> str:
    """Return the first line of a text, scrubbed, cut to `MAX_LINE` characters and unable to end a quotation."""
    first = next((line for line in text[:READ].splitlines() if line.strip()), "")
    return cut(scrub(quotable(first.strip())), MAX_LINE)
