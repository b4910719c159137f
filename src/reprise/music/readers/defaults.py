"""What a piece has where its file says nothing: the tempo, the velocity and the program of a part by its name."""

from functools import lru_cache

from music21 import instrument

DEFAULT_TEMPO_BPM = 96.0
DEFAULT_VELOCITY = 64
PIANO, CHOIR = 0, 52


@lru_cache(maxsize=1024)
def program_of_name(name: str) -> int | None:
    """The General MIDI program of an instrument by its name in any language that music21 knows; None for others.

    Singers are a choir.
    """
    try:
        found = instrument.fromString(name.strip(" .0123456789")[:100])
    except instrument.InstrumentException:
        return None
    return CHOIR if isinstance(found, instrument.Vocalist) else found.midiProgram
