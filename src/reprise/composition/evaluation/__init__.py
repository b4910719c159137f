"""How good models and their music are."""
