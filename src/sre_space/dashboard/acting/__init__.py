"""The orders of people: signed by the key that their token unlocks, recorded, and then carried out."""
