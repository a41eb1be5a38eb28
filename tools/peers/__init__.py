"""Prometheus with Alertmanager beside Scout: `make bench-peers` (docs/benchmarks.md)."""
