"""Fields added after 0.1.0: while such a field holds its default, a fact is written as 0.1.0 wrote it."""

OMITTED_AT_DEFAULT = {"unsaid": True}  # metadata of such a field
