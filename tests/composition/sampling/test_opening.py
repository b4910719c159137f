"""Openings stay as they are, whatever the model reads of them; what follows goes on in their key and register."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import PROGRAMS, chorale, make_tiny_model
from tiny_pieces import piece_of

from reprise.composition.encoding.notes_vocabulary import STEP
from reprise.composition.sampling.compose import Order, compose
from reprise.composition.sampling.opening import opening, read_opening, shifts_into_range, transposed, what_moved
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput
from reprise.music.excerpts import cut_at_bar
from reprise.music.piece import Piece, note_table

TRAINED = make_tiny_model("lstm")
ENCODING = TRAINED.config.encoding
LOWEST, HIGHEST = ENCODING.trained_range
OPENING = opening(replace(chorale(50), tempo_bpm=120.0, key_fifths=0), 2)  # unknown to the model


def rows(piece: Piece) -> list[tuple]:
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


def moved(piece: Piece, semitones: int) -> Piece:
    return replace(transposed(piece, (semitones,) * len(piece.programs)), key_fifths=piece.key_fifths)


def too_wide(*octaves: int) -> Piece:
    """The opening with each part so many octaves higher."""
    return transposed(OPENING, tuple(12 * octave for octave in octaves))


def continued(start: Piece, notes: int = 90, rules: SamplingRules | None = None) -> Piece:
    (piece,) = compose(TRAINED, [Order((3,), notes=notes, start=start, rules=rules or SamplingRules())])
    return piece


def composed(start: Piece, notes: int = 90, **rules) -> np.ndarray:
    """The notes of a continuation that aren't the opening's."""
    return continued(start, notes, SamplingRules(**rules)).notes[len(start.notes) :]


# --- the first bars


def test_an_opening_is_the_first_bars_of_at_least_one():
    assert rows(opening(chorale(1), 2)) == rows(cut_at_bar(chorale(1), 2))
    assert len(opening(piece_of((36, 12, 60, 0)), 4).notes) == 1, "an upbeat, and just one bar"
    with pytest.raises(BadInput, match=r"test: is 0\.75 bars long; an opening must be at least one bar long"):
        opening(piece_of((0, 36, 60, 0)), 2)
    with pytest.raises(BadInput, match="test: has no note in its first 2 bars"):
        opening(piece_of((96, 12, 60, 0)), 2)
    with pytest.raises(BadInput, match=r"0\.00 bars long"):
        opening(Piece(note_table([]), 100.0, (0,)), 2)


# --- what stays


def rubato(shift: int) -> Piece:
    """Fifths, sevenths and hundredths of a beat, many velocities, far from the model's range; in D major."""
    notes = [(beat + beat % 3 / 7, 1 / 5, 62 + shift + 2 * (beat % 4), 20 + 9 * beat, beat % 2) for beat in range(7)]
    notes += [(7.005, 0.5, 60 + shift, 111, 1), (7.01, 0.99, 60 + shift, 3, 1)]  # alike to the model
    return Piece(note_table(notes), 137.0, (24, 40), (4, 4), "rubato", 2, "major")


@pytest.mark.parametrize("shift", [-40, 0, 45])
def test_the_opening_stays_note_for_note(shift):
    start = rubato(shift)
    piece = continued(start, 60)
    assert piece.notes[: len(start.notes)].tolist() == start.notes.tolist()
    assert (piece.tempo_bpm, piece.programs) == (137.0, (24, 40, *PROGRAMS[2:]))
    assert (piece.key_fifths, piece.key_mode) == (2, "major")
    assert len(piece.notes) == 60, "the notes of the opening count, whatever the model reads of them"


@pytest.mark.parametrize("start", [rubato(0), OPENING, piece_of((0, 48, 60, 0), (12, 80, 64, 1))])
def test_what_is_composed_begins_when_the_opening_has_ended(start):
    end = (start.notes["onset"] + start.notes["duration"]).max()
    assert composed(start)["onset"].min() >= end - 1e-9


def test_what_is_composed_does_not_wait_for_bars():
    """Of a model that likes to step four bars on, but finds no step as long as the last note likely."""
    trained = make_tiny_model("lstm")
    with torch.no_grad():
        trained.network.heads[STEP].absolute.bias[trained.config.encoding.steps.index(np.array(4 * 48))] = 50
    (piece,) = compose(trained, [Order((1,), notes=30, start=piece_of((0, 48, 60, 0), (12, 84, 64, 1)))])
    assert 8 <= piece.notes["onset"][2] < 12


def test_what_is_composed_meets_the_bar_lines_again():
    """After an opening that ends a third of a beat before its bar does, with a note off the beat."""
    start = piece_of((0, 36, 60, 0), (41, 3, 64, 0))
    found = [compose(TRAINED, [Order((seed,), notes=10, start=start)])[0].notes["onset"][2] for seed in range(8)]
    assert all(onset % 0.5 == 0 and 4 <= onset < 8 for onset in found)


def test_what_is_composed_is_as_loud_as_the_opening_where_the_model_knows_no_velocity():
    assert ENCODING.drops_velocity
    assert set(composed(rubato(0))["velocity"]) == {47}, "the median of 20, 29, 38, 47, 56, 65, 74, 111 and 3"


def test_parts_beyond_the_model_s_are_left_out():
    six = piece_of(*[(12 * beat, 12, 60 + part, part) for beat in range(8) for part in range(6)])
    piece = continued(six, 60)
    assert rows(piece)[:32] == [row for row in rows(six) if row[3] < 4] and len(piece.programs) == 4
    assert read_opening(six, ENCODING).parts_left_out == 2


# --- what follows is moved back


@pytest.mark.parametrize("far", [-30, -1, 1, 40])
def test_what_follows_is_in_the_key_and_register_of_the_opening(far):
    """The model reads the same of the opening at the edge of its range and of the opening further out."""
    low, high = OPENING.notes["pitch"].min(), OPENING.notes["pitch"].max()
    edge = HIGHEST - high if far > 0 else LOWEST - low
    within, outside = moved(OPENING, edge), moved(OPENING, edge + far)
    assert np.array_equal(read_opening(within, ENCODING).events, read_opening(outside, ENCODING).events)
    as_read, moved_back = composed(within), composed(outside)
    assert np.array_equal(moved_back["onset"], as_read["onset"])
    assert np.array_equal(moved_back["pitch"].astype(int) - as_read["pitch"], np.full(len(as_read), far))


def test_each_part_is_moved_back_by_its_own_octaves():
    wide = too_wide(2, 0, 0, -2)
    back = transposed(wide, shifts_into_range(wide, ENCODING))
    assert shifts_into_range(wide, ENCODING) == (-24, 0, 0, 24)
    as_read, moved_back = composed(back), composed(wide)
    octaves = np.array([24, 0, 0, -24])[as_read["part"]]
    assert np.array_equal(moved_back["pitch"], as_read["pitch"] + octaves) and set(octaves) == {24, 0, -24}


@pytest.mark.parametrize("far", [127 - OPENING.notes["pitch"].max(), -OPENING.notes["pitch"].min()])
def test_no_pitch_leaves_those_of_midi(far):
    pitches = composed(moved(OPENING, int(far)), temperature=3.0)["pitch"]
    assert pitches.min() >= 0 and pitches.max() <= 127


def test_the_range_is_the_one_that_sounds():
    """Read a tritone and more away, 70 to 110 are 70 to 110."""
    start = moved(OPENING, HIGHEST - int(OPENING.notes["pitch"].max()) + 30)
    assert read_opening(start, ENCODING).shifts == (-30,) * 4
    pitches = composed(start, lowest=70, highest=110, temperature=2.0)["pitch"]
    assert pitches.min() >= 70 and pitches.max() <= 110


# --- what is said


def test_nothing_is_said_of_an_opening_that_is_read_as_it_is():
    known = cut_at_bar(chorale(2), 2)
    found = read_opening(replace(OPENING, notes=known.notes), ENCODING)
    assert found.shifts == (0,) * 4 and found.retimed == found.parts_left_out == 0
    assert what_moved(found) == {"velocities_not_read": len(known.notes)}


def test_what_moved_is_counted():
    told = what_moved(read_opening(replace(rubato(45), left_out={"drum notes": 7}), ENCODING))
    assert told["read_higher_by_semitones"] == HIGHEST - (62 + 45 + 6)
    # All nine last a fifth of a beat, about half a beat, or nearly one; of the two alike the longer one is read.
    assert told["notes_read_at_other_times"] == 9
    assert told["velocities_not_read"] == 9 and told["left_out_of_the_file"] == {"drum notes": 7}
    assert what_moved(read_opening(too_wide(2, 0, 0, -2), ENCODING))["read_higher_by_semitones"] == {
        1: -24,
        2: 0,
        3: 0,
        4: 24,
    }


# --- range


def test_a_piece_within_the_range_stays():
    assert shifts_into_range(OPENING, ENCODING) == (0,) * 4
    minor = replace(OPENING, key_fifths=0, key_mode="minor")
    for shifts, key in (((0,) * 4, (0, "minor")), ((1, 0, 0, 0), (None, None))):
        moved = transposed(minor, shifts)
        assert (moved.key_fifths, moved.key_mode) == key


@pytest.mark.parametrize("far", [-30, -1, 1, 40])
def test_a_piece_out_of_range_moves_as_a_whole_by_the_smallest_step(far):
    low, high = OPENING.notes["pitch"].min(), OPENING.notes["pitch"].max()
    edge = HIGHEST - high if far > 0 else LOWEST - low  # as far as it can go in this direction
    assert shifts_into_range(moved(OPENING, edge + far), ENCODING) == (-far,) * 4


@given(st.lists(st.integers(-40, 40), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_whatever_the_opening_it_fits_in_the_end(shifts):
    notes = OPENING.notes.copy()
    notes["pitch"] = np.clip(notes["pitch"] + np.array(shifts)[notes["part"]], 0, 127)
    piece = replace(OPENING, notes=notes)
    found = shifts_into_range(piece, ENCODING)
    pitches = transposed(piece, found).notes["pitch"]
    assert pitches.min() >= LOWEST and pitches.max() <= HIGHEST
    assert len(set(found)) == 1 or not any(shift % 12 for shift in found), "apart they move by octaves"


def test_a_part_wider_than_the_whole_range_is_named():
    piece = piece_of((0, 12, 10, 1), (12, 36, 120, 1), (0, 48, 60, 0))
    with pytest.raises(BadInput, match=rf"test: part 2 spans MIDI 10-120; no octave of it fits the model's {LOWEST}-"):
        shifts_into_range(piece, ENCODING)
