"""SRE-Space: an autonomous reliability engine."""
