"""The numbers behind detection and diagnosis; no I/O."""
