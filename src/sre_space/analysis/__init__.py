"""Statistics, detection and diagnosis: pure computation on telemetry, without I/O."""
