"""Four duties: scout, brain, fixer, memory; they never import each other."""
