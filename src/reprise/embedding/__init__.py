"""Sound, notes and words in one space."""
