"""Bytes to values and back: OTLP, Jaeger, CloudEvents, footers of facts, topics. No I/O, no words, no engine."""
