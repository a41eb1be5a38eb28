"""The quote service: what an insurance costs, and buying it."""
