"""Chords as people write them: their notes by hand, and what is no chord."""

import pytest

from reprise.composition.sampling.chords.symbols import is_numeral, read_chord
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import parse_key

NAMES = {name: number for number, name in enumerate(("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"))}


def notes(symbol: str, key: str = "C major") -> list[int]:
    """Its pitch classes, the bass first and the others above it."""
    chord = read_chord(symbol, parse_key(key))
    return sorted(chord.classes, key=lambda own: (own - chord.bass) % 12)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("C", "C E G"),
        ("F#m", "F# A Db"),
        ("F♯m", "F# A Db"),
        ("Bb", "Bb D F"),
        ("B♭m7", "Bb Db F Ab"),
        ("Cb", "B Eb F#"),
        ("F##", "G B D"),
        ("G7", "G B D F"),
        ("Cmaj7", "C E G B"),
        ("CM7", "C E G B"),
        ("C△7", "C E G B"),
        ("Cmaj9", "C D E G B"),
        ("Dm7", "D F A C"),
        ("Bdim", "B D F"),
        ("B°", "B D F"),
        ("B°7", "B D F Ab"),
        ("Bø", "B D F A"),
        ("Bm7b5", "B D F A"),
        ("Aaug", "A Db F"),
        ("A+", "A Db F"),
        ("Csus4", "C F G"),
        ("Cadd9", "C D E G"),
        ("C69", "C D E G A"),
        ("C7(b9)", "C Db E G Bb"),
        ("C7#9#11b13", "C Eb E F# G Ab Bb"),
        ("C5", "C G"),
        ("C/E", "E G C"),
        ("Bb/D", "D F Bb"),
        ("C/Bb", "Bb C E G"),
        ("Am7/G", "G A C E"),
    ],
)
def test_symbols(symbol, expected):
    assert notes(symbol) == [NAMES[name] for name in expected.split()]
    assert not is_numeral(symbol)


@pytest.mark.parametrize(
    ("symbol", "key", "expected"),
    [
        ("I", "C", "C E G"),
        ("ii", "Bb", "C Eb G"),
        ("V7", "F# major", "Db F Ab B"),
        ("vii°", "C", "B D F"),
        ("viio7", "C", "B D F Ab"),
        ("viiø7", "C", "B D F A"),
        ("IV6", "C", "A C F"),
        ("I64", "C", "G C E"),
        ("V65", "C", "B D F G"),
        ("V42", "C", "F G B D"),
        ("IV7", "C", "F A C E"),
        ("V/V", "C", "D F# A"),
        ("V7/ii", "C", "A Db E G"),
        ("vii°7/V", "C", "F# A C Eb"),
        ("bVII", "C", "Bb D F"),
        ("♭VI", "C", "Ab C Eb"),
        ("#iv°", "C", "F# A C"),
        ("iv", "C", "F Ab C"),
        ("V+", "C", "G B Eb"),
        ("i", "A minor", "A C E"),
        ("V7", "A minor", "E Ab B D"),
        ("vii°", "A minor", "Ab B D"),
        ("#vii°", "A minor", "Ab B D"),
        ("III", "A minor", "C E G"),
        ("bIII", "A minor", "C E G"),
        ("VI", "A minor", "F A C"),
        ("bVI", "A minor", "F A C"),
        ("VII", "A minor", "G B D"),
        ("bVII", "A minor", "G B D"),
        ("V/bVII", "A minor", "D F# A"),
        ("V/bIII", "A minor", "G B D"),
        ("bII6", "A minor", "D F Bb"),
    ],
)
def test_numerals_count_in_the_key(symbol, key, expected):
    assert notes(symbol, key) == [NAMES[name] for name in expected.split()]
    assert is_numeral(symbol)


@pytest.mark.parametrize(("symbol", "third"), [("C", 4), ("Cm", 3), ("C/G", 4), ("Csus4", None), ("C5", None)])
def test_the_third_of_a_chord(symbol, third):
    assert read_chord(symbol, parse_key("C")).third == third


@pytest.mark.parametrize(
    "symbol",
    [
        *("", "H", "c", "am", "5", "b", "%", "N.C.", "Cfoo", "C77", "C2", "C7b", "Cadd", "CaddX", "C13b9", "C()"),
        *("C-7", "E-", "C/", "C/e", "/E", "C/E/G", "VIII", "IIII", "iV", "Ib", "V99", "V7/", "V/X", "viiø", "bb7"),
        "I6/4",
    ],
)
def test_what_is_no_chord_is_refused_though_music21_may_take_it(symbol):
    with pytest.raises(
        BadInput, match=r"is no chord that is known; it must be a symbol such as C, .* or a numeral such as I"
    ):
        read_chord(symbol, parse_key("C"))


def test_of_a_long_text_the_beginning_is_shown():
    with pytest.raises(BadInput, match=f"^'{'x' * 20}...' is no chord"):
        read_chord("x" * 100, parse_key("C"))
