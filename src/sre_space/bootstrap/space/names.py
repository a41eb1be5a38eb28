"""The names in a space: its agents, who signs facts, and the services of the application."""

SIGNERS = ("scout", "brain", "fixer", "memory", "operator")
SERVICES = ("user-service", "policy-service", "quote-service")
AGENTS = ("scout", "brain", "fixer", "memory")
