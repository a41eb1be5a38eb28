"""What Scout hears, sees and tells: telemetry and events taken in, sketches shared, incidents opened, reports sent."""
