"""The evaluation: runs chaos experiments against the agents, and counts the results."""
