"""How faults are injected: signals, demand, network, database, memory, commits. Each module knows one way."""
