"""The dashboard's server: a read API, a stream of changes, and the orders of people. See docs/dashboard-api.md."""
