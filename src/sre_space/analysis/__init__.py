"""The numbers: windows, baselines, tests, ranking; no I/O."""
