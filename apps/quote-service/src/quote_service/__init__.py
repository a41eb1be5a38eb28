"""The quote service: prices of insurances, and their purchase."""
