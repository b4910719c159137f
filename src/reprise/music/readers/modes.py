"""Modes by the names that MusicXML has for them, however a file of scores shortens these."""

# By how many fifths a mode's key signature lies above that of the major key on its tonic.
MODES = {
    "major": 0, "ionian": 0, "lydian": 1, "mixolydian": -1, "dorian": -2, "minor": -3, "aeolian": -3, "phrygian": -4,
    "locrian": -5,
}  # fmt: skip


def mode_of(written: str) -> str | None:
    """The mode whose name begins with the first three letters of what is written, such as Dor; None where none does."""
    return next((mode for mode in MODES if mode[:3] == written[:3].lower()), None)
