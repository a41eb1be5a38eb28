"""Composes the answers from what is known: Scout's report, the record, the runtime and the kept history. Pure."""
