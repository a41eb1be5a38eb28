"""A running space, as its agents and its operator read it: record, addresses, units, crash loops, keys."""
