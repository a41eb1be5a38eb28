"""Requests of log records, as a service exports them."""

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


def logged(*records: tuple[int, str], service: str = "policy-service", at: int = 5) -> bytes:
    """Return an export request of log records, each a severity and a body, all at one Unix ns."""
    message = ExportLogsServiceRequest()
    resource = message.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_logs.add()
    for severity, body in records:
        scope.log_records.add(severity_number=severity, time_unix_nano=at).body.string_value = body
    return message.SerializeToString()
