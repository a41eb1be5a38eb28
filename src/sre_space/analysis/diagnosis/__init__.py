"""The diagnosis engine: telemetry tables in, a ranked and cited diagnosis out; `engine.diagnose` is the entry point."""
