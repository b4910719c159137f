"""Keys, modes and chords as pitch classes (0 = C ... 11 = B); degrees count from 0 (the tonic)."""

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "harmonic_minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
}

# Minor has its sixth and seventh degree both natural and raised: the natural, harmonic and melodic scale together.
KEY_CLASSES = {"major": MODES["major"], "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11)}

# Which degree follows which, after the table of usual root progressions in Piston, Harmony (5th ed., 1987), ch. 3.
ROOT_PROGRESSIONS = {
    0: (1, 2, 3, 4, 5),
    1: (4, 6),
    2: (3, 5),
    3: (0, 1, 4),
    4: (0, 5),
    5: (1, 3, 4),
    6: (0, 2),
}


def scale(tonic: int, mode: str) -> tuple[int, ...]:
    """The seven pitch classes of a mode, from its tonic up."""
    return tuple((tonic + step) % 12 for step in MODES[mode])


def chord(scale_classes: tuple[int, ...], degree: int, size: int = 3) -> tuple[int, ...]:
    """The chord of stacked thirds on a degree: 3 pitch classes for a triad, 4 for a seventh chord."""
    return tuple(scale_classes[(degree + 2 * third) % 7] for third in range(size))


def pitches_in(classes: tuple[int, ...], lowest: int, highest: int) -> list[int]:
    """Every MIDI pitch of the given pitch classes within lowest..highest, ascending."""
    return [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in classes]
