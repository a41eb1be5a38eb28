"""The telemetry server: receives OTLP, stores spans, publishes everything to Kafka, serves Jaeger's query API."""
