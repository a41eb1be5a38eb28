"""The HTTP side of the dashboard: guard, routes, problems, stream, the page's files."""
