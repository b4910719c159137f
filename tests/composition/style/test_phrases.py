"""Phrase ends, cadences and endings by hand."""

import numpy as np
import pytest
from tiny_pieces import piece_of

from reprise.composition.style.phrases import cadences, ending, phrase_ends, phrasing, usual_value
from reprise.composition.style.voices import UNDEFINED, line_of, melody_of
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.music.piece import Piece

# Soprano, alto, tenor and bass in C major, on the first to the sixth degree.
ONE, IV, V, V7, VI = (72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 55), (71, 65, 62, 55), (72, 64, 60, 57)
I6, VII6, II = (72, 67, 60, 52), (71, 65, 65, 50), (69, 65, 62, 50)
BEAT = 12


def chords(*beats: tuple[tuple[int, ...], int]) -> Piece:
    """Chords, each so many beats long, all parts together."""
    rows, onset = [], 0
    for pitches, length in beats:
        rows += [(onset, BEAT * length, pitch, part) for part, pitch in enumerate(pitches)]
        onset += BEAT * length
    return piece_of(*rows, parts=4)


def chorale(*last: tuple[tuple[int, ...], int], phrases: int = 3) -> Piece:
    """Phrases of two bars, the last chord of each two beats long, and then whatever is asked."""
    phrase = [(ONE, 1), (IV, 1), (ONE, 1), (V, 1), (ONE, 1), (V, 1), (ONE, 2)]
    return chords(*phrase * phrases, *last)


def ends_in_beats(piece: Piece) -> list[float]:
    line = melody_of(piece)
    return (line.onsets[phrase_ends(piece, line)] / BEAT).tolist()


def test_phrases_end_where_all_parts_rest():
    assert ends_in_beats(chorale()) == [6, 14, 22]


def test_a_part_that_goes_on_ends_no_phrase():
    piece = chorale(phrases=2)
    moving = [(6 * BEAT + 6 * n, 6, 47 - n, 4) for n in range(4)]  # eighths below the first long chord
    rows = [
        (round(12 * onset), round(12 * length), pitch, part) for onset, length, pitch, _, part in piece.notes.tolist()
    ]
    assert ends_in_beats(piece) == [6, 14] and 6 not in ends_in_beats(piece_of(*rows, *moving))


def test_a_phrase_of_two_bars_is_preferred_where_every_note_could_end_one():
    piece = chords(*[(ONE, 1), (V, 1)] * 12)
    assert ends_in_beats(piece) == [7, 15, 23]


def test_a_long_note_ends_a_phrase_of_another_length():
    lengths = [1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3]
    melody = [(BEAT * sum(lengths[:n]), BEAT * length, 60 + n % 5, 0) for n, length in enumerate(lengths)]
    assert ends_in_beats(piece_of(*melody)) == [5, 17]


def test_a_piece_in_shorter_values_has_the_same_phrases():
    rows = [(6 * n, 6, 60 + n % 5, 0) for n in range(14)] + [(84, 12, 60, 0)]
    again = [(onset + 96, *rest) for onset, *rest in rows]
    assert ends_in_beats(piece_of(*rows, *again)) == [7, 15]


def test_the_usual_value_is_that_in_which_time_is_spent():
    sixteenths_and_quarters = [(0, 12, 60, 0), (12, 12, 62, 0), *((24 + 3 * n, 3, 64, 0) for n in range(4))]
    assert usual_value(line_of(piece_of(*sixteenths_and_quarters).notes)) == 12


def kind_of(*before_and_last: tuple[int, ...]) -> str:
    """The cadence that a piece in C major comes to."""
    piece = chorale(*((chord, 1 if n < len(before_and_last) - 1 else 2) for n, chord in enumerate(before_and_last)))
    assert find_key(piece) == Key(0, "major")
    line = melody_of(piece)
    return cadences(piece, line, phrase_ends(piece, line))[-1].kind


@pytest.mark.parametrize(
    ("progression", "kind"),
    [
        ((ONE, IV, V, ONE), "authentic"),
        ((ONE, IV, V7, ONE), "authentic"),
        ((ONE, IV, VII6, ONE), "authentic"),
        ((IV, ONE, IV, V), "half"),
        ((V, ONE, II, V), "half"),
        ((V, ONE, IV, ONE), "plagal"),
        ((ONE, IV, V, VI), "deceptive"),
        ((ONE, V, ONE, IV), "authentic"),  # the tonic is the dominant of the fourth degree
        ((ONE, V, ONE, VI), "other"),
        ((ONE, ONE, ONE, ONE), "other"),
    ],
)
def test_cadences_are_told_apart(progression, kind):
    assert kind_of(*progression) == kind


def test_the_root_in_the_bass():
    piece = chorale((V, 1), (I6, 2))
    line = melody_of(piece)
    *_, whole, inverted = cadences(piece, line, phrase_ends(piece, line))
    assert whole.in_root_position and not inverted.in_root_position
    assert whole.kind == inverted.kind == "authentic" and whole.root == inverted.root == 0


def test_one_part_has_no_chords_at_its_ends_but_has_phrases():
    lengths = [1, 1, 1, 1, 1, 3] * 3
    piece = piece_of(*((BEAT * sum(lengths[:n]), BEAT * step, 60 + n % 3, 0) for n, step in enumerate(lengths)))
    found = phrasing(piece)
    assert found["phrase_bars"] == (4, 2) and found["authentic_cadence_rate"] == UNDEFINED
    assert found["phrase_balance"] == (1, 1)


def test_shares_of_phrase_ends_leave_out_the_last():
    found = phrasing(chorale((V, 1), (I6, 2)))
    assert found["root_position_phrase_end_rate"] == found["authentic_cadence_rate"] == (3, 3)
    assert found["phrase_bars"] == (6, 3) and found["strong_phrase_end_rate"] == (3, 3)
    assert found["tonic_phrase_end_rate"] == found["tonic_note_phrase_end_rate"] == (3, 3)


def test_neighbouring_phrases_of_unlike_length_are_out_of_balance():
    three = [(ONE, 1), (V, 1), (ONE, 4), *[(ONE, 1), (IV, 1), (ONE, 1), (V, 1), (ONE, 1), (V, 1), (ONE, 4)] * 2]
    total, count = phrasing(chords(*three))["phrase_balance"]
    assert (total, count) == (pytest.approx(6 / 10), 1)


@pytest.mark.parametrize(
    ("last", "closes", "on_tonic", "length"),
    [
        (((V, 1), (ONE, 2)), 1, 1, 2),
        (((V, 1), ((72, 67, 63, 48), 4)), 1, 1, 4),  # in minor
        (((V, 1), (I6, 2)), 0, 1, 2),
        (((ONE, 1), (V, 1)), 0, 0, 1),
        (((V, 1), (VI, 1)), 0, 1, 1),
        (((V, 1), ((64, 67, 60, 48), 1)), 1, 0, 1),  # the melody, the highest part on the whole, on the third
    ],
)
def test_endings(last, closes, on_tonic, length):
    found = ending(chorale(*last))
    assert found["closing_rate"] == (closes, 1) and found["last_note_tonic_rate"] == (on_tonic, 1)
    assert found["last_note_length"] == (length, 1)


def test_the_end_of_one_part_is_a_note():
    piece = piece_of(*((12 * n, 12, pitch, 0) for n, pitch in enumerate([60, 62, 64, 65, 67, 64, 62, 60])))
    assert ending(piece) == {"closing_rate": UNDEFINED, "last_note_tonic_rate": (1, 1), "last_note_length": (1, 1)}


def test_no_notes_have_no_phrases():
    empty = Piece(piece_of((0, 12, 60, 0)).notes[:0], 100.0, (0,))
    assert set(phrasing(empty).values()) == set(ending(empty).values()) == {UNDEFINED}
    assert len(phrase_ends(empty, melody_of(empty))) == 0 and np.array_equal(melody_of(empty).steps, [])
