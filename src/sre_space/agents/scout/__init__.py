"""Scout watches: health, the journey; opens incidents and verifies recoveries."""
