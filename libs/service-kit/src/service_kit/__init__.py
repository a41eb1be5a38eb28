"""What the Cloud Insurance services share: app factory, telemetry, health, events."""
