"""The runner that asks the cycle whose turn it is and calls the agent."""
