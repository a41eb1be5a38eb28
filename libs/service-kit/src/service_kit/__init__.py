"""The library that the Cloud Insurance services share: app factory, telemetry, health, events."""
