"""What stands of a piece outside a gap, and how a model hears it."""

import numpy as np
from tiny_pieces import piece_of

from reprise.composition.encoding.events import INTERVAL_SPAN, Frame
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.models.infilling.given import (
    FAR,
    Gap,
    Given,
    Setting,
    given_in,
    note_categories,
    note_sizes,
    notes_of,
    setting_of,
)
from reprise.composition.models.infilling.teaching import melody_given, with_every_step

# Two bars of 4/4: a melody in quarters and a bass in half notes.
PIECE = piece_of(
    *[(12 * beat, 12, pitch, 0) for beat, pitch in enumerate((72, 74, 76, 77, 79, 77, 76, 72))],
    *[(24 * half, 24, pitch, 1) for half, pitch in enumerate((48, 53, 55, 48))],
)
ENCODING = with_every_step(NotesEncoding.of([PIECE], framed=True))
EVENTS = ENCODING.encode(PIECE)


def test_events_as_notes():
    notes = notes_of(ENCODING, EVENTS)
    assert notes.shape == (12, 4)
    assert notes[:3].tolist() == [[0, 0, 72, 12], [0, 1, 48, 24], [12, 0, 74, 12]]


def test_a_part_that_stands_is_all_of_it_and_its_end_is_known():
    given = given_in(ENCODING, EVENTS, melody_given(2))
    assert set(given.notes[:, 1].tolist()) == {0} and len(given.notes) == 8 and given.end == 96
    bass = given_in(ENCODING, EVENTS, melody_given(2, 1))
    assert bass.notes[:, 2].tolist() == [48, 53, 55, 48]


def test_around_a_gap_of_bars_all_parts_stand():
    given = given_in(ENCODING, EVENTS, Gap((True, True), 48, 96))
    assert given.notes[:, 0].max() < 48 and len(given.notes) == 6 and given.end == 96, "the length of the piece stays"


def test_of_nothing_given_nothing_is_known():
    given = given_in(ENCODING, EVENTS, Gap((True, True)))
    assert len(given.notes) == 0 and given.end == FAR
    assert setting_of(given, (4, 4)).bars is None
    categories = note_categories(ENCODING, setting_of(given, (4, 4)), (4, 4))
    assert categories.shape == (1, len(note_sizes(ENCODING))) and categories[0, 0] == 3, "the end alone"


def test_the_key_is_that_of_the_given_notes_alone():
    """The melody is C major; with E major under it, it still is."""
    high = piece_of(
        *[(12 * beat, 12, pitch, 0) for beat, pitch in enumerate((72, 74, 76, 77, 79, 77, 76, 72))],
        *[(12 * beat, 12, pitch, 1) for beat, pitch in enumerate((52, 56, 59, 52, 56, 59, 51, 52))],
    )
    encoding = with_every_step(NotesEncoding.of([high], framed=True))
    setting = setting_of(given_in(encoding, encoding.encode(high), melody_given(2)), (4, 4))
    assert (setting.tonic, setting.mode, setting.bars) == (0, "major", 2)


def test_how_given_notes_are_heard():
    setting = setting_of(given_in(ENCODING, EVENTS, melody_given(2)), (4, 4))
    found = note_categories(ENCODING, setting, (4, 4))
    assert found.shape == (9, len(note_sizes(ENCODING)))
    assert (found >= 0).all() and (found < note_sizes(ENCODING)).all()
    assert found[:, 0].tolist() == [1] * 8 + [3], "0 is left to what pads a batch"
    assert found[:3, 2].tolist() == [1, 3, 5], "degrees of C, D and E in C major"
    assert found[1, 8] == 2 + INTERVAL_SPAN + 1 and found[0, 8] == 0, "D lies two semitones above C"
    assert found[0, 9] == 2 + INTERVAL_SPAN + 1 and found[7, 9] == 0
    assert (found[1:9, 6] == 13).all() and found[0, 6] == 1, "a beat apart; the first at the start"


def test_who_is_not_shown_hears_the_end_alone():
    given = given_in(ENCODING, EVENTS, melody_given(2))
    hidden = note_categories(ENCODING, setting_of(given, (4, 4), shown=False), (4, 4))
    nothing = note_categories(ENCODING, Frame(), (4, 4))
    assert np.array_equal(hidden, nothing)


def test_a_setting_is_a_frame():
    setting = Setting(0, "major", 4, given=Given(np.zeros((0, 4), np.int64), Gap((True,))))
    assert isinstance(setting, Frame) and setting.parts is None
