"""Chords as people write them, symbols (F#m7, Bb, C/E) and Roman numerals (V7, bVII, IV6), as pitch classes.

music21 tells which notes a chord has. What is different here is said where it is done: music21 takes B- for B flat and
refuses Bb, ignores some of what it doesn't know (CaddX, C13b9, VIII, V99), and reads bVII in A minor as G flat.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import Key

if TYPE_CHECKING:
    import music21

RIGHT = "a symbol such as C, F#m, Bb7, Cmaj7 or C/E, or a numeral such as I, vi, V7, bVII, IV6 or V/V"
LONGEST_SHOWN = 20  # characters of what is no chord
WORDS = {"o": "dim", "ø": "ø7", "69": "6add9"}  # kinds that music21 doesn't know, as it calls them

_ROOT = r"[A-G](?:##?|bb?)?"
_SYMBOL = re.compile(rf"({_ROOT})((?:[a-zA-Z0-9#ø+°]|\([b#a-z0-9]+\))*?)(?:/({_ROOT}))?")
_DEGREE = r"(?:##?|bb?)?(?:VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)"
_FIGURES = "6|63|64|53|7|65|43|42|2|9"
_NUMERAL = re.compile(rf"({_DEGREE})(°|o|ø(?=7|65|43|42|2)|\+|)({_FIGURES}|)((?:/{_DEGREE}[°o]?)*)")
_CAUTIONARY = re.compile(r"^b(?=(?:III|iii)(?![IViv]))")
_SIGNS = str.maketrans({"♭": "b", "♯": "#", "△": "maj", "Δ": "maj", "º": "°"})
_ALTERED = re.compile(r"([b#])(5|6|9|11|13)(?!\d)")
_SEMITONES = {"5": 7, "6": 9, "9": 14, "11": 17, "13": 21, "b": -1, "#": 1}  # above the root, or further
_ADDED = re.compile(r"(?:add|omit)(?![b#]*\d)")  # a number must follow, or music21 leaves it out


@dataclass(frozen=True)
class Chord:
    """A chord.

    Attributes:
        symbol: as it was written. classes: its pitch classes, 0 (C) to 11 (B), its bass among them.
        bass: the pitch class of its lowest note. third: that of its third; None where it has none.
    """

    symbol: str
    classes: frozenset[int]
    bass: int
    third: int | None


def is_numeral(symbol: str) -> bool:
    """Whether it counts from the tonic of a key."""
    return _NUMERAL.fullmatch(symbol.translate(_SIGNS)) is not None


@lru_cache(maxsize=1024)  # music21 takes some milliseconds a chord
def read_chord(symbol: str, home: Key) -> Chord:
    """The chord of a symbol, or of a numeral in a key: a capital is major, a small letter minor, ° diminished, ø7
    half-diminished, + augmented. A seventh or ninth of a numeral is the key's own.

    Raises:
        BadInput: it is none.
    """
    plain = symbol.translate(_SIGNS)
    if _NUMERAL.fullmatch(plain):
        return _chord(symbol, _of_numeral(plain, home))
    found = _SYMBOL.fullmatch(plain)
    if found is None or _ADDED.search(found[2]):
        raise _no_chord(symbol)
    return _chord(symbol, _of_symbol(symbol, found[1], found[2], found[3]))


def _no_chord(symbol: str) -> BadInput:
    shown = symbol if len(symbol) <= LONGEST_SHOWN else f"{symbol[:LONGEST_SHOWN]}..."
    return BadInput(f"'{shown}' is no chord that is known; it must be {RIGHT}")


def _of_symbol(symbol: str, root: str, kind: str, bass: str | None) -> "music21.chord.Chord":
    """The chord of a symbol: flats of root and bass as music21 writes them, and some other words of its own.

    A kind that it made up from digits (C77 is C and B) is refused, but for the bare fifth, and an alteration that it
    left out (C13b9 has a D).
    """
    from music21.harmony import ChordSymbol  # here, since music21 is slow to import

    kind = kind.replace("(", "").replace(")", "").replace("°", "o")
    kind = WORDS.get(kind, re.sub("^maj(?=9|11|13)", "M", kind))
    figure = root.replace("b", "-") + kind + (f"/{bass.replace('b', '-')}" if bass else "")
    try:
        chord = ChordSymbol(figure)
    except Exception:  # whatever music21 stumbles over: ValueError, IndexError, errors of its own
        raise _no_chord(symbol) from None
    found = {(pitch.pitchClass - chord.root().pitchClass) % 12 for pitch in chord.pitches}
    altered = {(_SEMITONES[sign] + _SEMITONES[degree]) % 12 for sign, degree in _ALTERED.findall(kind)}
    if not altered <= found or (not chord.chordKind and kind != "5"):
        raise _no_chord(symbol)
    return chord


def _of_numeral(figure: str, home: Key) -> "music21.chord.Chord":
    """The chord of a numeral. In minor a flat before III, VI or VII says what the key has already, and a sharp before
    vi and vii likewise: music21 has a setting for sixth and seventh, the third is ours.
    """
    from music21 import key
    from music21.roman import Minor67Default, RomanNumeral

    applied, slash, degree = figure.rpartition("/")
    if home.mode == "minor":
        figure = f"{applied}{slash}{_CAUTIONARY.sub('', degree)}"
    tonic = home.name.split()[0].replace("b", "-")
    default = Minor67Default.CAUTIONARY
    return RomanNumeral(figure, key.Key(tonic, home.mode), sixthMinor=default, seventhMinor=default)


def _chord(symbol: str, chord: "music21.chord.Chord") -> Chord:
    third = chord.third
    classes = frozenset(pitch.pitchClass for pitch in chord.pitches)
    bass = chord.bass().pitchClass
    return Chord(symbol, classes | {bass}, bass, None if third is None else third.pitchClass)
