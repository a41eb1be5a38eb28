"""Scout: watches services and the user journey, opens incidents and verifies recoveries."""
