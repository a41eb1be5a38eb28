"""Docker's Engine API, of the engine itself or of a proxy in front of it."""
