"""The embedded space: everything that one machine needs, started, watched and ended together."""
