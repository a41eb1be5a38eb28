"""The loop of every agent: it asks the cycle which step is due, calls the agent, and records the result."""
