"""How well music made from words does what was asked, beside controls."""
