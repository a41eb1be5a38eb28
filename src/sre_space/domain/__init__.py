"""The nouns and rules of incident handling; standard library only, no clock, no I/O."""
