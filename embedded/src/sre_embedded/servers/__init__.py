"""The small servers, which speak the real protocols of Kafka, OTLP, Jaeger, and GitHub's MCP server."""
