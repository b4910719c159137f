"""ABC: what is written, note for note, and what is said of what isn't read."""

import pytest

from reprise.errors import ScoreError
from reprise.music.piece import GRACE, KEYS, METRES, NO_LENGTH, TEMPOS, UNPITCHED, Piece
from reprise.music.readers.abc import tunes
from reprise.music.readers.abc.tunes import read_tune, split_book

HEADER = "X:1\nT:A tune\nM:4/4\nL:1/4\n"


def tune(body: str, key: str = "C", header: str = HEADER) -> Piece:
    return read_tune(f"{header}K:{key}\n{body}\n", "x.abc")


def pitches(body: str, key: str = "C", header: str = HEADER) -> list[int]:
    return tune(body, key, header).notes["pitch"].tolist()


def times(body: str, key: str = "C", header: str = HEADER) -> list[tuple[float, float]]:
    notes = tune(body, key, header).notes
    return [(round(onset, 4), round(duration, 4)) for onset, duration in notes[["onset", "duration"]].tolist()]


def rows(piece: Piece) -> list[tuple[float, float, int, int]]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


# --- pitches


def test_an_accidental_holds_to_the_end_of_its_bar():
    """F sharp three times, then F natural: the bar line ends it, and so does a sign."""
    assert pitches("^FGFG|FGFG|^F=FFG|") == [66, 67, 66, 67, 65, 67, 65, 67, 66, 65, 65, 67]


def test_an_accidental_holds_in_its_octave_unless_the_tune_says_otherwise():
    """As in print; version 2.1 of ABC lets it hold in all octaves, which a tune must ask for by its version."""
    assert pitches("^ffFf|") == [78, 78, 65, 78]
    assert pitches("^ffFf|", header=HEADER + "%%propagate-accidentals pitch\n") == [78, 78, 66, 78]
    for directive in ("propagate-accidentals not", "MIDI nobarlines"):
        assert pitches("^ffFf|", header=f"{HEADER}%%{directive}\n") == [78, 77, 65, 77]
    assert list(split_book(f"%abc-{'9' * 5000}.1\nK:C\nC|\n", "x.abc")), "no number that Python would refuse"
    ((_, text),) = split_book(f"%abc-2.1\n{HEADER}K:C\n^ffFf|\n", "x.abc")
    assert read_tune(text, "x.abc").notes["pitch"].tolist() == [78, 78, 66, 78]


def test_a_tied_note_keeps_its_accidental_over_the_bar_line_and_no_other_note_does():
    assert rows(tune("z3^c-|ccdd|")) == [(3, 2, 73, 0), (5, 1, 72, 0), (6, 1, 74, 0), (7, 1, 74, 0)]


@pytest.mark.parametrize(
    ("key", "fifths", "mode", "of_fcgb"),
    [
        ("G", 1, "major", [66, 60, 67, 71]),
        ("Bb", -2, "major", [65, 60, 67, 70]),
        ("Em", 1, "minor", [66, 60, 67, 71]),
        ("E Minor % a comment", 1, "minor", [66, 60, 67, 71]),
        ("EM", 1, "minor", [66, 60, 67, 71]),  # how a mode is capitalised says nothing
        ("Ador", 1, "dorian", [66, 60, 67, 71]),
        ("F#m", 3, "minor", [66, 61, 68, 71]),
        ("Amix", 2, "mixolydian", [66, 61, 67, 71]),
        ("B Loc", 0, "locrian", [65, 60, 67, 71]),
        ("FLyd", 0, "lydian", [65, 60, 67, 71]),
        ("Dphr ^f", None, None, [66, 60, 67, 70]),
        ("Dmix=c", 1, "mixolydian", [66, 60, 67, 71]),
        ("D =c", 1, None, [66, 60, 67, 71]),
        ("D exp _b ^f", None, None, [66, 60, 67, 70]),
        ("G =f ^f", 1, "major", [66, 60, 67, 71]),
        ("exp ^f", 1, None, [66, 60, 67, 71]),
        ("Hp", 2, None, [66, 61, 67, 71]),
        ("HP", 2, None, [66, 61, 67, 71]),
        ("none", None, None, [65, 60, 67, 71]),
        ("", None, None, [65, 60, 67, 71]),
        ("clef=bass", None, None, [65, 60, 67, 71]),
        ("H", None, None, [65, 60, 67, 71]),  # no key is no reason to refuse a tune
    ],
)
def test_keys(key, fifths, mode, of_fcgb):
    piece = tune("FCGB|", key)
    assert piece.notes["pitch"].tolist() == of_fcgb
    assert (piece.key_fifths, piece.key_mode) == (fifths, mode)


@pytest.mark.parametrize(
    ("key", "semitones"),
    [
        ("C clef=bass", 0),  # where notes stand says nothing of how they sound
        ("C bass", 0),
        ("C middle=d", 0),
        ("C treble-8", -12),
        ("C clef=treble+8", 12),
        ("C octave=-2", -24),
        ("C transpose=-3", -3),
        ("C clef=treble-8 transpose=2", -10),
    ],
)
def test_clefs_octaves_and_transpositions(key, semitones):
    assert pitches("CDEF|", key) == [pitch + semitones for pitch in (60, 62, 64, 65)]


def test_a_transposed_tune_has_the_key_that_sounds():
    """A clarinet in B flat that reads D major sounds in C; one in A that reads C minor sounds in A minor."""
    for key, sounding in (("D transpose=-2", (0, "major")), ("Cm transpose=-3", (0, "minor"))):
        piece = tune("CDEF|", key)
        assert (piece.key_fifths, piece.key_mode) == sounding


def test_octave_marks_and_double_accidentals():
    assert pitches("C,,c''^^C__D|") == [36, 96, 62, 60]


# --- lengths


@pytest.mark.parametrize(
    ("body", "lengths"),
    [
        ("C2D/E//F3/2|", [2, 0.5, 0.25, 1.5]),
        ("C>DE<F|", [1.5, 0.5, 0.5, 1.5]),
        ("C >> D E2|", [1.75, 0.25, 2]),
        ("C>{g}D [CE]2|", [1.5, 0.5, 2, 2]),
        ("(3CDE F2|", [0.6667, 0.6667, 0.6667, 2]),
        ("(3 C z E F2|", [0.6667, 0.6667, 2]),
        ("(3[CE]DE F2|", [0.6667, 0.6667, 0.6667, 0.6667, 2]),
        ("(3:2:4CDEF|", [0.6667] * 4),
        ("(5CDEFG z2|", [0.4] * 5),
        ("(C>D) (3EFG|", [1.5, 0.5, 0.6667, 0.6667, 0.6667]),
        ("[C2E]D2|", [2, 2, 2]),  # a chord lasts as long as its first note
        ("C-C2-C|", [4]),
        ("[CE]2-[CE]2|", [4, 4]),
        ("[CE-]2[DE]2|", [2, 4, 2]),
        ("C-DC2|", [1, 1, 2]),
    ],
)
def test_lengths(body, lengths):
    assert [duration for _, duration in times(body)] == lengths


def test_a_tuplet_of_five_takes_the_time_of_three_in_a_compound_metre():
    assert [duration for _, duration in times("(5CDEFG A3|", header="X:1\nM:6/8\nL:1/8\n")] == [0.3] * 5 + [1.5]


@pytest.mark.parametrize(("metre", "unit"), [("2/4", 0.25), ("3/4", 0.5), ("6/8", 0.5), ("none", 0.5), ("C|", 0.5)])
def test_the_unit_where_none_is_written(metre, unit):
    assert times("C|", header=f"X:1\nM:{metre}\n") == [(0, unit)]


# --- bars


@pytest.mark.parametrize(
    "line", ["|", "||", "|]", "|:", ":|", "::", ":|:", ":||:", "[|]", ".|", " :: ", "|1 ", ":|2", "|[1"]
)
def test_bar_lines_of_all_kinds_end_a_bar(line):
    assert pitches(f"^FGAB{line}FGAB|") == [66, 67, 69, 71, 65, 67, 69, 71]


def test_an_upbeat_begins_late_in_its_bar_and_a_bar_that_misses_a_little_is_none():
    assert times("G|C4|D3:|") == [(3, 1), (4, 4), (8, 3)]
    assert times("G7/2|C4|") == [(0, 3.5), (3.5, 4)]


def test_a_number_at_the_beginning_of_a_line_is_an_ending_after_a_bar_line_alone():
    assert pitches("CDEF|\\\n1 GABc:|\n2 c4|]") == [60, 62, 64, 65, 67, 69, 71, 72, 72]
    with pytest.raises(ScoreError, match=r"'2 GABc:\|' can't be understood"):
        tune("CDEF\n2 GABc:|")


def test_rests_of_whole_bars():
    assert times("Z4|C4|[M:3/4]X|D3|") == [(16, 4), (23, 3)]


def test_the_metre_is_the_one_that_lasts_longest():
    piece = tune("CDEF|[M:3/4]GAB|c2A|\nM:2/4\nGF|")
    assert piece.metre == (3, 4) and piece.left_out == {METRES: 2}
    assert tune("CDEFG|", header="X:1\nM:(2+3)/8\nL:1/8\n").metre == (5, 8)
    assert tune("CDEFG|", header="X:1\nM:2+3+2/8\nL:1/8\n").metre == (7, 8)


# --- voices


def test_voices_sound_together_however_their_lines_alternate():
    expected = [(0, 1, 60, 0), (0, 4, 48, 1), (1, 1, 62, 0), (2, 2, 64, 0), (4, 4, 67, 0), (4, 4, 43, 1)]
    for body in (
        "V:1\nCDE2|\nV:2\nC,4|\nV:1\nG4|]\nV:2\nG,,4|]",
        "V:1\nCDE2|G4|]\nV:2\nC,4|G,,4|]",
        "[V:1]CDE2|\n[V:2]C,4|\n[V:1]G4|]\n[V:2]G,,4|]",
        "CDE2|G4|]\nV:2\nC,4|G,,4|]",
    ):
        assert rows(tune(body)) == expected


def test_a_bar_begins_together_in_all_voices():
    """The first voice's first bar misses a beat; its second begins with the other's nevertheless."""
    assert rows(tune("V:1\nC3|D4|\nV:2\nE4|F4|")) == [(0, 3, 60, 0), (0, 4, 64, 1), (4, 4, 62, 0), (4, 4, 65, 1)]


def test_a_voice_has_its_own_clef_key_and_unit():
    header = HEADER + "V:1 octave=1\nV:2 clef=treble-8 transpose=1\n"
    assert rows(tune("[V:1]C4|\n[V:2][K:D][L:1/8]F8|\n[V:1]F4|", header=header)) == [
        (0, 4, 72, 0), (0, 4, 55, 1), (4, 4, 77, 0),
    ]  # fmt: skip


def test_layers_of_a_bar_sound_together():
    assert rows(tune("CDE2 & G,4|c4-&e4-|c4&e4|")) == [
        (0, 4, 55, 0), (0, 1, 60, 0), (1, 1, 62, 0), (2, 2, 64, 0), (4, 8, 72, 0), (4, 8, 76, 0),
    ]  # fmt: skip


def test_a_layer_of_several_bars():
    assert rows(tune("C4|D4 && E4|F4|G4|")) == [
        (0, 4, 60, 0), (0, 4, 64, 0), (4, 4, 62, 0), (4, 4, 65, 0), (8, 4, 67, 0),
    ]  # fmt: skip


def test_programs_of_voices():
    header = HEADER + "%%MIDI program 24\nV:1\nV:2\n%%MIDI program 1 40\nV:3\n"
    assert tune("V:1\nC4|\nV:2\nE4|\nV:3\n[I:MIDI program 71]G4|", header=header).programs == (24, 40, 71)
    assert tune('V:1 name="Soprano"\nC4|\nV:Bass\nE4|\nV:3 nm="Violin"\nG4|\nV:T\nG4|').programs == (52, 52, 40, 0)


# --- what is no music


@pytest.mark.parametrize(
    "body",
    [
        "CDEF|% ABC\n%%text ABC\nGABc|",
        'CDEF|"Am"G"^a b c"AB"D7"c|',
        "CDEF|w\nw:a b c\nGABc|",
        "!trill!C!D.C.!D+fermata+EF|TG.A~BHc|",
        "(CD)(EF)|(G(AB)c)|",
        "CDEF|y2 G A`B c|",
        "CDEF|\nP:A\nN: a b\ns:!p! * c\nW: A bee\nGABc|",
        "CDEF|\\\nGABc|$",
        "CDEF|\n%%begintext\na b c|\nABC|\n%%endtext\nGABc|",
        "CDEF|[r:a remark][P:B]GABc|",
        "CDEF!\nGABc!|",
        "CDEF|GABc|\n\nA badge: free text ABC.\nEFG",
    ],
)
def test_what_is_no_music_adds_no_note(body):
    assert pitches(body) == [60, 62, 64, 65, 67, 69, 71, 72]


def test_chords_as_they_were_written_once_are_no_decorations():
    assert pitches("+CEG+ +trill+C+ff+D|") == [60, 64, 67, 60, 62]


def test_grace_notes_are_left_out_and_counted():
    piece = tune("{c}C{[ce]d}D{/g}EF|")
    assert piece.notes["pitch"].tolist() == [60, 62, 64, 65] and piece.left_out == {GRACE: 5}


def test_what_is_left_out_is_counted():
    header = HEADER + "Q:1/4=80\nV:1\nV:2 clef=perc\n"
    piece = tune("[V:1]C2D0E2|[Q:1/4=90][K:G]F4|\n[V:2]CDEF|GABc|", header=header)
    assert piece.left_out == {UNPITCHED: 8, NO_LENGTH: 1, TEMPOS: 1, KEYS: 1}
    assert rows(piece) == [(0, 2, 60, 0), (2, 2, 64, 0), (4, 4, 66, 0)]
    with pytest.raises(ScoreError, match="has no notes"):
        tune("%%MIDI channel 10\nCDEF|")


@pytest.mark.parametrize(
    ("tempo", "bpm"),
    [
        ("1/4=100", 100),
        ("3/8=80", 120),
        ("1/4 3/8=40", 100),
        ('"Allegro" 1/4=90', 90),
        ('1/2=50 "slow"', 100),
        ("120", 60),
        ("C3=40", 60),
        ('"Andante"', 96),
        ("fast", 96),
        ("1/0=100", 96),
    ],
)
def test_tempos(tempo, bpm):
    assert tune("CDEF|", header=f"X:1\nM:4/4\nL:1/8\nQ:{tempo}\n").tempo_bpm == bpm


# --- what is refused


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("X:1\nT:no key\n", "has no K: field"),
        ("X:1\nM:a\nK:C\nCDE|", "M: is 'a'; it must be a metre such as 6/8"),
        ("X:1\nL:1/x\nK:C\nCDE|", "L: is '1/x'; it must be a note length such as 1/8"),
        ("X:1\nK:C\n[[CE|", "'\\[\\[CE|' can't be understood"),
        ("X:1\nK:C\nCD {ef E|", "'{ef E|' can't be understood"),
        ('X:1\nK:C\nCD "Am E|', "'\"Am E|' can't be understood"),
        ("X:1\nK:C\nC =\nD|", "'=' can't be understood"),
        ("X:1\nK:C\nCD/0|", "'/0' is no length"),
        ("X:1\nK:C\n>CD|", "'>' must stand between two notes"),
        ("X:1\nK:C\nC && D|", "&& goes back beyond the beginning"),
        ("X:1\nK:C\nZ999999|C|", "longer than 100,000 beats"),
        ("X:1\nK:C\nz4|", "has no notes"),
        ("X:1\nK:C\nCDEF|\n\nGABc|\n", "goes on after an empty line, which ends a tune: 'GABc|'"),
        ("X:1\nM:5/7\nK:C\nCDEF|", "has the metre 5/7"),
    ],
)
def test_what_is_refused(text, why):
    with pytest.raises(ScoreError, match=why) as error:
        read_tune(text, "x.abc, tune 3")
    assert str(error.value).startswith("x.abc, tune 3: ")


def test_notes_that_get_lost_refuse_the_tune(monkeypatch):
    """A reader that didn't know chords would lose three notes of five, and say so."""
    monkeypatch.setattr(tunes.Tune, "_take", lambda *_: None)
    with pytest.raises(ScoreError, match="5 notes are written, but 0 were read"):
        tune("[CEG]DE{f}|".replace("{f}", ""))


# --- books


def test_a_book_gives_its_tunes_names_by_position_and_number():
    book = "%%MIDI program 5\nM:3/4\n\nX:1\nK:C\nCDE|\n\nSome text.\n\nX: 12\nK:C\nFGA|\n\nX:3\nK:C\nCDE|\n"
    names = [name for name, _ in split_book(book, "book.abc")]
    assert names == ["book.abc, tune 1", "book.abc, tune 2 (X:12)", "book.abc, tune 3"]
    pieces = [read_tune(text, name) for name, text in split_book(book, "book.abc")]
    assert [(piece.metre, piece.programs) for piece in pieces] == [((3, 4), (5,))] * 3
    assert [name for name, _ in split_book("X:7\nK:C\nC|\n", "one.abc")] == ["one.abc"]


def test_a_tune_without_a_number_is_the_first_of_its_book():
    first, second = (read_tune(text, name) for name, text in split_book("K:G\nF|\n\nX:2\nK:C\nF|\n", "x.abc"))
    assert (first.notes["pitch"].tolist(), second.notes["pitch"].tolist()) == ([66], [65])


def test_a_header_that_is_too_long_refuses_the_book():
    with pytest.raises(ScoreError, match="header has more than 10,000 characters"):
        list(split_book("M:3/4\n" * 2000 + "X:1\nK:C\nC|\nX:2\nK:C\nC|\n", "x.abc"))
