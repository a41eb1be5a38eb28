"""Back-ups of a state folder: what they hold, and how they are written and restored. Standard library only."""
