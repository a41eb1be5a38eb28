"""The traffic generator: seeded customer journeys through the quote service, and one synthetic journey a second."""
