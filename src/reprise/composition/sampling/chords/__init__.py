"""Chord progressions that music keeps to: read from text, held while notes are drawn, measured in a piece."""
