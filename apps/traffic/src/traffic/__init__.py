"""The customers: seeded journeys through the quote service, and one synthetic journey a second."""
