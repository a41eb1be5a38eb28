"""The command line: what a person types, and what is printed. It names no adapter and no embedded server."""
