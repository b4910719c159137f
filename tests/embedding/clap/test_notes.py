"""Notes as the notes tower reads them."""

import numpy as np
import pytest

from reprise.embedding.clap.notes import DURATION, NUMBERS, SHARE, collate_notes, note_set
from reprise.music.piece import Piece, note_table


def piece(*rows, tempo=60.0, programs=(0, 40)):
    return Piece(note_table([(onset, length, pitch, 64, part) for onset, length, pitch, part in rows]), tempo, programs)


def test_pitch_and_program_of_each_note_and_its_length_in_the_window():
    found = note_set(piece((0, 1, 60, 0), (1, 2, 67, 1)), 0, 4.0)
    assert found.kinds.tolist() == [[60, 0], [67, 40]]
    assert found.numbers[:, DURATION] == pytest.approx([0.25, 0.5])
    assert found.numbers.shape == (2, NUMBERS)


def test_a_window_holds_the_notes_that_begin_in_it_counted_from_its_start():
    notes = piece((0, 1, 60, 0), (3, 1, 62, 0), (4, 1, 64, 0), (5, 1, 65, 0), tempo=120.0)
    first, second = note_set(notes, 0, 2.0), note_set(notes, 2, 2.0)
    assert first.kinds[:, 0].tolist() == [60, 62] and second.kinds[:, 0].tolist() == [64, 65]
    assert (second.numbers[0, :DURATION] == first.numbers[0, :DURATION]).all()


def test_the_share_until_a_part_s_next_onset():
    notes = piece((0, 0.5, 60, 0), (1, 1, 60, 0), (0, 4, 50, 1), (0.25, 0.5, 55, 1))
    shares = dict(zip(notes.notes["onset"] + notes.notes["part"] * 10, note_set(notes, 0, 4.0).numbers[:, SHARE]))
    assert shares == {0: 0.5, 1: 0, 10: 1, 10.25: 0}, "0 for what no onset follows"


def test_what_sounds_with_a_note_by_interval_class():
    found = note_set(piece((0, 2, 60, 0), (1, 2, 67, 1)), 0, 4.0).numbers[:, -12:] * 4
    assert found[0].tolist() == [0] * 7 + [1] + [0] * 4
    assert found[1].tolist() == [0] * 5 + [1] + [0] * 6


def test_sets_of_different_size_and_none_make_a_batch():
    batch = collate_notes([note_set(piece((0, 1, 60, 0)), 0, 4.0), note_set(piece(), 0, 4.0)])
    assert batch.kinds.shape == (2, 1, 2) and batch.there.tolist() == [[True], [False]]
    assert np.isfinite(batch.numbers.numpy()).all()
