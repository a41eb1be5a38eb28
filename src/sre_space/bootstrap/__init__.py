"""One module per process: the only place that names adapters."""
