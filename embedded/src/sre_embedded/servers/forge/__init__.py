"""The embedded forge: GitHub's MCP tools for issues, labels and files over SQLite and a real git repository."""
