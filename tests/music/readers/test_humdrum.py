"""Humdrum **kern: every note that is written is read, in its part and at its time, or counted, or the file refused."""

import pytest

from reprise.errors import ScoreError
from reprise.music.piece import GRACE, KEYS, METRES, NO_LENGTH, TEMPOS, UNPITCHED, Piece
from reprise.music.readers import humdrum
from reprise.music.readers.humdrum import read_humdrum


def read(*lines: str) -> Piece:
    """The piece of a file, its lines with spaces between spines and commas between the notes of a chord."""
    return read_humdrum("\n".join(lines).replace(" ", "\t").replace(",", " ") + "\n", "x.krn")


def rows(piece: Piece) -> list[tuple[float, float, int, int]]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


def pitches(piece: Piece) -> list[list[int]]:
    """Pitches by part, in the order of time."""
    return [piece.notes["pitch"][piece.notes["part"] == part].tolist() for part in range(len(piece.programs))]


# --- spines


def test_a_spine_that_splits_merges_and_splits_into_three_loses_no_note():
    """The right hand is a third, then (in the next bar) a triad in three columns; two of them merge, then the rest."""
    piece = read(
        "**kern **kern",
        "*M2/4 *M2/4",
        "* *^",
        "2C 2e 2g",
        "* *v *v",
        "=2 =2",
        "* *^",
        "* * *^",
        "4D 4f 4a 4dd",
        "4E 4g 4b 4ee",
        "* * *v *v",
        "=3 =3 =3",
        "4F 4a 4ff",
        "* *v *v",
        "4G 4b",
        "*- *-",
    )
    first, second = [(0, 2, 64, 0), (0, 2, 67, 0), (0, 2, 48, 1)], [(2, 1, 65, 0), (2, 1, 69, 0), (2, 1, 74, 0)]
    third = [(3, 1, 67, 0), (3, 1, 71, 0), (3, 1, 76, 0), (3, 1, 52, 1)]
    last = [(4, 1, 69, 0), (4, 1, 77, 0), (4, 1, 53, 1), (5, 1, 71, 0), (5, 1, 55, 1)]
    assert rows(piece) == [*first, *second, (2, 1, 50, 1), *third, *last]


def test_three_columns_merge_at_once_and_ties_from_them_end_in_one_chord():
    piece = read("**kern", "*M3/8", "*^", "* *^", "8r [4.C [4.E", "[4G . .", "*v *v *v", "=2", "2C],2E],2G]", "*-")
    assert rows(piece) == [(0, 3.5, 48, 0), (0, 3.5, 52, 0), (0.5, 3.0, 55, 0)]


def test_columns_of_two_spines_merge_in_one_line_each_with_its_own():
    piece = read("**kern **kern", "*^ *^", "4C 4E 4c 4e", "*v *v *v *v", "4D 4d", "*- *-")
    assert pitches(piece) == [[60, 64, 62], [48, 52, 50]]


def test_a_column_that_changes_its_spine_takes_its_music_along():
    """One of the right hand's two columns merges with the left hand's; the other stays the right hand."""
    piece = read("**kern **kern", "* *^", "4C 4E 4c", "*v *v *", "4D 4d", "*- *-")
    assert pitches(piece) == [[52, 60, 62], [48, 50]]


def test_spines_change_places_end_and_begin():
    piece = read(
        "**kern **text **kern",
        "4C do 4c",
        "*x *x *",
        "re 4D 4d",
        "*- * *",
        "4E 4e",
        "* *+",
        "* * **kern",
        "4F 4f 4cc",
        "*- *- *-",
    )
    assert pitches(piece) == [[72], [60, 62, 64, 65], [48, 50, 52, 53]]


def test_spines_of_other_kinds_hold_no_notes():
    piece = read("**harm **kern **dynam **text", "* *^ * *", "Ib 4c 4e f 4a", "V7 4d . . .", "*- *- *- *- *-")
    assert rows(piece) == [(0, 1, 60, 0), (0, 1, 64, 0), (1, 1, 62, 0)]


def test_a_spine_without_notes_is_no_part():
    assert pitches(read("**kern **kern **kern", "4C 4r 4c", "*- *- *-")) == [[60], [48]]


# --- notes


@pytest.mark.parametrize(
    ("token", "pitch"),
    [
        ("c", 60),
        ("cc", 72),
        ("C", 48),
        ("BBB", 35),
        ("b-", 70),
        ("F#", 54),
        ("g##", 69),
        ("e--", 62),
        ("fn", 65),
        ("B<-", 58),
    ],
)
def test_pitches_are_those_that_sound(token, pitch):
    assert rows(read("**kern", "*Icor", "*ITrd4c7", "*8va", f"4{token}", "*-")) == [(0, 1, pitch, 0)]


@pytest.mark.parametrize(
    ("written", "beats"),
    [
        ("1", 4),
        ("4.", 1.5),
        ("4..", 1.75),
        ("12", 1 / 3),
        ("20", 0.2),
        ("0", 8),
        ("00", 16),
        ("0.", 12),
        ("3%2", 8 / 3),
    ],
)
def test_lengths(written, beats):
    assert rows(read("**kern", f"{written}c", "4d", "*-")) == [(0, beats, 60, 0), (beats, 1, 62, 0)]


def test_marks_of_performance_and_print_are_no_notes_and_rests_have_no_pitch():
    piece = read("**kern", "(>8.c#XLL'^T;", "16rggg", "4dnJ~)", "2ryy", "4eyye/", "*-")
    assert rows(piece) == [(0, 0.75, 61, 0), (1, 1, 62, 0), (4, 1, 64, 0)]


def test_a_chord_may_write_its_length_once_or_for_each_note():
    piece = read("**kern **kern", "2C,E 4c,2g", ". 4d", "*- *-")
    assert rows(piece) == [(0, 1, 60, 0), (0, 2, 67, 0), (0, 2, 48, 1), (0, 2, 52, 1), (1, 1, 62, 0)]


def test_ties_go_on_through_chords_and_columns_and_end_where_they_do():
    """The c is held through three bars; the g's aren't tied; the e ends a tie that nothing began, and is struck."""
    piece = read("**kern", "[2c,2g", "*^", "2c_ 2g", "*v *v", "2c],2e]", "*-")
    assert rows(piece) == [(0, 6, 60, 0), (0, 2, 67, 0), (2, 2, 67, 0), (4, 2, 64, 0)]


def test_a_doubled_tie_holds_a_note_until_the_chord_that_takes_it_up():
    """An arpeggio whose notes are written short and tied into the chord that they make."""
    piece = read("**kern", "*M3/4", "[[8c", "[[8e", "4g", "4c]],4e]],4g", "4e", "*-")
    assert rows(piece) == [(0, 3, 60, 0), (0.5, 2.5, 64, 0), (1, 1, 67, 0), (2, 1, 67, 0), (3, 1, 64, 0)]
    piece = read("**kern", "[[4c", "4e", "4c__", "4c]", "[[4c", "4c_", "4d", "4c]]", "[[4d", "4f", "4e]]", "*-")
    assert rows(piece)[:2] == [(0, 4, 60, 0), (1, 1, 64, 0)], "a far tie and a near one"
    assert rows(piece)[2:5] == [(4, 2, 60, 0), (6, 1, 62, 0), (7, 1, 60, 0)], "a near tie ends the far one"
    assert rows(piece)[5:] == [(8, 1, 62, 0), (9, 1, 65, 0), (10, 1, 64, 0)], "of another pitch"


def test_what_a_piece_has_no_place_for_is_counted():
    piece = read(
        "**kern **kern",
        "*M2/4 *M2/4",
        "*k[] *k[]",
        "*MM60 *MM60",
        "8qd . ",
        "4c qqe,qqg",
        ". c",
        ". 4RcX",
        "*M3/4 *M3/4",
        "*k[f#] *k[f#]",
        "2d 2e",
        "*MM80 *MM80",
        "*M2/4 *M2/4",
        "2f 2g",
        "*M4/4 *M4/4",
        "*- *-",
    )
    assert piece.left_out == {GRACE: 3, NO_LENGTH: 1, UNPITCHED: 1, METRES: 2, KEYS: 1, TEMPOS: 1}
    assert (piece.tempo_bpm, piece.key_fifths, len(piece.notes)) == (60, 0, 5)
    assert read("**kern", "*M3/4", "4c", "*M3/4", "4d", "*-").left_out == {}, "said again isn't changed"


# --- time


def test_an_upbeat_begins_late_in_bar_0_of_the_metre_that_lasts_longest():
    piece = read("**kern", "*M2/4", "=1", "4c", "=2", "*M3/4", "4d", "=3", "2.e", "=4", "2.f", "==", "*-")
    assert piece.metre == (3, 4)
    assert rows(piece) == [(1, 1, 60, 0), (2, 1, 62, 0), (3, 3, 64, 0), (6, 3, 65, 0)]
    assert rows(read("**kern", "*M4/2", "=1", "1.c", "==", "*-")) == [(0, 6, 60, 0)], "one short bar has no upbeat"
    assert read("**kern", "*M2/0", "00c", "*-").metre == (4, 1)


def test_a_column_that_is_silent_comes_in_at_the_time_of_its_line():
    piece = read("**kern **kern", "2C .", "2D 2d", "2E .", "2F 2f", "*- *-")
    assert rows(piece)[1:3] == [(2, 2, 62, 0), (2, 2, 50, 1)] and rows(piece)[-2:] == [(6, 2, 65, 0), (6, 2, 53, 1)]


@pytest.mark.parametrize("lines", [["2C 4c", "4D 4d"], ["2C 4c", "2D .", ". 4d", "4E 4e"]])
def test_spines_that_disagree_about_the_time_are_refused(lines):
    with pytest.raises(
        ScoreError, match=rf"^x.krn: line {3 if len(lines) == 2 else 4}: its spines come to it at beats 1 and 2"
    ):
        read("**kern **kern", *lines, "*- *-")


# --- what is said of the whole


def test_reference_records_and_what_follows_the_music_refuse_nothing():
    text = (
        "\n!!!COM: J.\tS. Bach: **kern\n!!!ODT: 31 September, or 1/0\n!!!\n!!!!SEGMENT\n**kern\n!!!OMD: Allegro [4c\n"
        "!4d\n4c\n!! 4e\n=\n*M4/4\t*\n*-\n!!!RDF**kern: i=4c\n!!!END\t\n\nWritten in 1750, page 5\n"
    )
    for content in (text, text.replace("*-\n", ""), text.replace("\n", "\n\n")):
        assert rows(read_humdrum(content.split("Written")[0], "x.krn")) == [(0, 1, 60, 0)]
    assert rows(read_humdrum(text, "x.krn")) == [(0, 1, 60, 0)]


def test_the_first_key_and_tempo_that_can_be_and_the_longest_metre_of_the_topmost_part_that_says_them():
    piece = read(
        "**kern **kern", "*M3/4 *M3/4", "*k[f#c#g#d#a#e#b#f#] *", "*k[b-e-] *", "*MM0 *MM[Adagio]", "4C 4c", "*- *-"
    )
    assert (piece.metre, piece.key_fifths, piece.tempo_bpm) == ((3, 4), -2, 96)
    assert read("**kern", "*k[f#c#]", "*MM72.5", "4c", "*-").tempo_bpm == 72.5


@pytest.mark.parametrize(
    ("said", "key"),
    [
        (("*k[b-]", "*d:"), (-1, "minor")),
        (("*F:", "*k[b-]"), (-1, "major")),
        (("*k[b-e-]", "*B-:"), (-2, "major")),
        (("*k[]", "*d:dor"), (0, "dorian")),
        (("*k[]", "*D:dor"), (0, "dorian")),
        (("*k[b-]", "*?:"), (-1, None)),
        (("*k[b-]", "4c", "*d:"), (-1, None)),  # where the music goes later says nothing of where it begins
        (("*d:",), (None, None)),
    ],
)
def test_the_mode_is_that_of_the_key_named_beside_the_first_signature(said, key):
    piece = read("**kern", *said, "4c", "*-")
    assert (piece.key_fifths, piece.key_mode) == key


def test_an_instrument_is_its_code_s_or_else_its_name_s():
    spines = ['*I"Flute', "*", '*I"Soprano', '*I"Zzz', "*Ivioln"]
    piece = read(" ".join(["**kern"] * 5), " ".join(spines), '*Icello *ICklav * *Izzz *I"Oboe', "4c 4c 4c 4c 4c")
    assert piece.programs == (40, 0, 52, 0, 42)
    assert read("**kern **kern", "*Itenor *Ifagot", "4c 4C", "*- *-").programs == (70, 52)


# --- what is refused


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["**kern **kern", "4c 4e", "4d", "*- *-"], "line 3: has 1 tokens for 2 spines"),
        (["**kern", "*^", "4c", "*-"], "line 3: has 1 tokens for 2 spines"),
        (
            ["**kern **kern", "=1 4e", "4c 4d", "*- *-"],
            "line 2: holds more than one of notes, bar lines and interpretations",
        ),
        (["**kern", "4c", "*-", "**kern", "4d", "*-"], "line 4: begins another score"),
        (["*M4/4", "**kern", "4d", "*-"], "line 1: names no spines"),
        (["**kern", "4dc#", "*-"], "line 2: a note has one pitch; '4dc#' has 2"),
        (["**kern", "4r", "*-"], "has no notes"),
        (["**text", "4c", "*-"], "has no notes"),
        (["**kern", "*M4/5", "4c", "*-"], "has the metre 4/5"),
        (["**kern", "4cccccccc", "*-"], "has a pitch outside 0-127"),
    ],
)
def test_what_can_t_be_read_is_refused_with_its_line(lines, why):
    with pytest.raises(ScoreError) as error:
        read(*lines)
    assert str(error.value).startswith(f"x.krn: {why}")


def test_a_note_that_is_lost_on_the_way_refuses_the_file(monkeypatch):
    monkeypatch.setattr(humdrum, "_joined", lambda notes: notes[1:])
    with pytest.raises(ScoreError, match=r"has 3 notes in its \*\*kern spines, of which 2 could be read"):
        read("**kern", "4c,4e", "4d", "*-")
