"""Finds the cause, commands the remedy, writes the post-mortem."""
