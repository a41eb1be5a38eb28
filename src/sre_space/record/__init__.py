"""Incidents as chains of signed facts on a forge: read, audited, and what people ordered on them."""
