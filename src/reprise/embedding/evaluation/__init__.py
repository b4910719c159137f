"""How well sounds, notes and words match, on clips that training never saw."""
