"""The small servers of the embedded space: bus, telemetry, forge, warden."""
