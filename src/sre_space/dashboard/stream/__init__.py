"""The stream of changes: the state of all panels, what changed between two of them, and who listens."""
