"""The wiring of every embedded server, one module a process."""
