"""Conversions between bytes and values: OTLP, Jaeger, CloudEvents, footers of facts, topics. No I/O, no prose."""
