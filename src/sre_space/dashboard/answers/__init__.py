"""The answers of the read API as types: the contract of docs/dashboard-api.md and of /api/v1/openapi.json.

Times are Unix milliseconds, durations seconds (`_s`), shares 0 to 1, memory bytes. What is not known is null, and a
`why` beside it says why.
"""
