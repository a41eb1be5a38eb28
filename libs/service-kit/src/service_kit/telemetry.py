"""Traces, metrics and correlated logs over OTLP; a dead collector never slows or stops a service."""

import json
import logging
import os
import sys
import time
from dataclasses import dataclass

from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from service_kit import vitals

SPANS_EVERY_MS = 200
LOGS_EVERY_MS = 250
METRICS_EVERY_MS = 500
EXPORT_TIMEOUT_S = 2
_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}


@dataclass(frozen=True)
class Telemetry:
    """The OpenTelemetry providers of this process."""

    traces: TracerProvider
    metrics: MeterProvider
    logs: LoggerProvider

    def flush(self) -> None:
        """Export the remaining spans and logs before the process ends, for one second at most each."""
        self.traces.force_flush(1000)
        self.logs.force_flush(1000)


def set_up(service: str, version: str, endpoint: str) -> Telemetry:
    """Set up telemetry for this process and return its providers; call once, before any client or engine is made."""
    # The stable HTTP attribute names (server.address, url.full) of the semantic conventions.
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    resource = Resource.create(
        {"service.name": service, "service.version": version, "service.instance.id": _instance(service)}
    )
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(endpoint, insecure=True, timeout=EXPORT_TIMEOUT_S), schedule_delay_millis=SPANS_EVERY_MS
        )
    )
    reader = PeriodicExportingMetricReader(
        OTLPMetricExporter(endpoint, insecure=True, timeout=EXPORT_TIMEOUT_S),
        export_interval_millis=METRICS_EVERY_MS,
        export_timeout_millis=3000,
    )
    # Exemplars are not used, and each costs the request time.
    meters = MeterProvider(metric_readers=[reader], resource=resource, exemplar_filter=AlwaysOffExemplarFilter())
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(
        BatchLogRecordProcessor(
            OTLPLogExporter(endpoint, insecure=True, timeout=EXPORT_TIMEOUT_S), schedule_delay_millis=LOGS_EVERY_MS
        )
    )
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(meters)
    vitals.observe(meters.get_meter(__name__))
    _log_to(logs)
    return Telemetry(traces, meters, logs)


def _instance(service: str) -> str:
    """Return the id of this process; in a container each has the same process id, so its start is part of it."""
    return f"{service}-{os.getpid()}-{time.time_ns() // 1_000_000:x}"


def _log_to(provider: LoggerProvider) -> None:
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(JsonLines())
    root.handlers = [lines, Exporting(provider)]
    for noisy in ("httpx", "opentelemetry"):  # an exporter without its server would log each attempt
        logging.getLogger(noisy).setLevel(logging.ERROR if noisy == "httpx" else logging.CRITICAL)


class JsonLines(logging.Formatter):
    """A formatter that writes one JSON object per line, with the id of the current trace."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a log record."""
        context = trace.get_current_span().get_span_context()
        line = {
            "at": round(record.created, 3),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": f"{context.trace_id:032x}" if context.is_valid else "",
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class Exporting(logging.Handler):
    """A handler that passes log records to OpenTelemetry, with the current span."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._logger = provider.get_logger(__name__)

    def emit(self, record: logging.LogRecord) -> None:
        """Export one record; its body is the formatted message."""
        self._logger.emit(
            LogRecord(
                timestamp=int(record.created * 1e9),
                observed_timestamp=time.time_ns(),
                severity_text=record.levelname,
                severity_number=_SEVERITIES.get(record.levelno, SeverityNumber.INFO),
                body=record.getMessage(),
                attributes={"logger": record.name},
            )
        )
