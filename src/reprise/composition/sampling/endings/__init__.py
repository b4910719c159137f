"""Endings: which chords close a piece, and the tries of its last bars."""
