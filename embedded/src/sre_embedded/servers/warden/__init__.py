"""The warden of the embedded space: enforces memory limits on machines without control groups."""
