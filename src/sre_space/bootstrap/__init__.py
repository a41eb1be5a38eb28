"""The wiring of every process, one module each: the only package that imports adapters."""
