"""The methods of injection, one per module: signals, demand, network, database, memory, commits."""
