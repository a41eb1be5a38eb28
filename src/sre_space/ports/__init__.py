"""What the agents need of the world; each docstring says what an adapter MUST do."""
