"""The twelve instruments that the recognizer knows, in the order of every label vector.

Ranges are sounding pitches that a player (or a five-octave keyboard, for the synthesised ones) can reach, after
Adler, The Study of Orchestration (4th ed., 2016), appendix of ranges.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Instrument:
    """One instrument: contract name, General MIDI program (zero-based), lowest and highest sounding MIDI pitch."""

    name: str
    program: int
    lowest: int
    highest: int


INSTRUMENTS = (
    Instrument("acoustic_grand_piano", 0, 21, 108),
    Instrument("nylon_guitar", 24, 40, 83),
    Instrument("string_ensemble", 48, 28, 100),
    Instrument("piccolo", 72, 74, 108),
    Instrument("celesta", 8, 60, 108),
    Instrument("acoustic_bass", 32, 28, 67),
    Instrument("trumpet", 56, 52, 86),
    Instrument("square_lead", 80, 36, 96),
    Instrument("hammond_organ", 16, 36, 96),
    Instrument("violin", 40, 55, 100),
    Instrument("soprano_sax", 64, 56, 88),
    Instrument("new_age_pad", 88, 36, 96),
)
INSTRUMENT_NAMES = tuple(instrument.name for instrument in INSTRUMENTS)
BY_PROGRAM = {instrument.program: index for index, instrument in enumerate(INSTRUMENTS)}
