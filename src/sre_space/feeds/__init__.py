"""Scout's inputs and outputs: telemetry and events taken in, sketches shared, incidents opened, reports published."""
