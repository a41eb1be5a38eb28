"""Implementations of the ports and readers of files: one technology each, in one module or a few of one name."""
