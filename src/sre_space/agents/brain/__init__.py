"""Brain: diagnoses the cause of an incident, decides the remedy, and writes the post-mortem."""
