"""Traces of one process over OTLP: where they go, for whom and with which token say the SDK's own variables."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Tracer

EXPORT_EVERY_MS = 200


def tracer(exporter: SpanExporter) -> Tracer:
    """Return a tracer whose spans go to an exporter."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=EXPORT_EVERY_MS))
    return provider.get_tracer("roastery")
