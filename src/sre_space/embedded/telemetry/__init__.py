"""The telemetry server: OTLP in, spans into SQLite, everything on to Kafka, Jaeger's query API out."""
