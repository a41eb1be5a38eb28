"""Bytes to values and back: OTLP, Jaeger JSON, fact footers; no I/O."""
