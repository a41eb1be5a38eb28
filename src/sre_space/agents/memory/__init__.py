"""Recalls what the like of an incident taught, and remembers what this one did."""
