"""Fixer acts: carries out what was decided, once, and only if it is still right; takes back what did not help."""
