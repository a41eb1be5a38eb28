"""The user service: the profiles of the customers."""
