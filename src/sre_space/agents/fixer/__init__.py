"""Fixer: carries out decisions, each once and only while it is still right; undoes what did not help."""
