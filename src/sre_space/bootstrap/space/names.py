"""The names in a space: its agents, and who signs facts."""

SIGNERS = ("scout", "brain", "fixer", "memory", "operator")
AGENTS = ("scout", "brain", "fixer", "memory")
