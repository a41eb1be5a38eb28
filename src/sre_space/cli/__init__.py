"""The command line: commands, options and output. It imports no adapter and no embedded server."""
