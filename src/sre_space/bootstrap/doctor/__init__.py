"""The checks of `sre-space doctor`: each asks a port, and all are asked at once."""
