"""What the parts of a piece are called."""

from collections import Counter

import pretty_midi

from reprise.music.piece import Piece

CHOIR = (52, 53, 54)  # General MIDI's voices, from 0
VOICES = ("Soprano", "Alto", "Tenor", "Bass")


def part_names(piece: Piece) -> list[str]:
    """A name for each part: its General MIDI instrument, numbered where several have the same, as Violin 2, or as
    String Ensemble 1 (2); four voices of a choir are soprano, alto, tenor and bass."""
    if len(piece.programs) == len(VOICES) and set(piece.programs) <= set(CHOIR):
        return list(VOICES)
    names = [pretty_midi.program_to_instrument_name(program) for program in piece.programs]
    numbers = [names[: i + 1].count(name) if Counter(names)[name] > 1 else 0 for i, name in enumerate(names)]
    return [
        (f"{name} ({number})" if name[-1].isdigit() else f"{name} {number}") if number else name
        for name, number in zip(names, numbers)
    ]
