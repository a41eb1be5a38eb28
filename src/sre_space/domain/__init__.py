"""Nouns and rules of incident handling; standard library only, no clock, no I/O."""
