"""Incidents as chains of signed facts on a forge: reading, auditing, and the orders that people gave on them."""
