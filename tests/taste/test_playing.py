"""Playing on notes made by hand: tempo, articulation, octaves, who plays what, velocities."""

import numpy as np
import pytest

from reprise.music.analysis.attributes import articulation
from reprise.music.piece import Piece, note_table
from reprise.music.readers.midi import read_midi
from reprise.music.writers.midi import midi_bytes
from reprise.taste.playing import play, range_of, spread
from reprise.taste.words.lexicon import INSTRUMENTS

PIANO, TUBA, CELLO, VIOLIN, FLUTE, PICCOLO = 0, 58, 42, 40, 73, 72


def piece(*rows: tuple, metre: tuple[int, int] = (4, 4)) -> Piece:
    """Rows of (onset, duration, pitch, part), as a composer writes them: all at velocity 64, on pianos."""
    table = note_table([(onset, duration, pitch, 64, part) for onset, duration, pitch, part in rows])
    return Piece(table, 90.0, (PIANO,) * (max(row[3] for row in rows) + 1), metre, "by hand")


def played(own: Piece, programs=(PIANO,), tempo_bpm=100.0, register=None, share=None, velocity=76) -> Piece:
    return play(own, programs, tempo_bpm, register, share, velocity)


SCALE = [(float(beat), 1.0, 60 + beat, 0) for beat in range(8)]


# --- tempo


@pytest.mark.parametrize("bpm", [40.0, 71.5, 100.0, 140.0, 210.0])
def test_the_tempo_is_exact_also_in_the_file(bpm):
    new = played(piece(*SCALE), tempo_bpm=bpm)
    assert new.tempo_bpm == bpm
    assert read_midi(midi_bytes(new), "new").tempo_bpm == pytest.approx(bpm, abs=1e-3)


def test_what_nobody_asks_for_stays_and_the_given_piece_too():
    own = piece(*SCALE, metre=(3, 4))
    before = own.notes.copy()
    new = played(own)
    assert (own.notes == before).all() and own.tempo_bpm == 90
    assert (new.metre, new.source) == ((3, 4), "by hand")
    for field in ("onset", "duration", "pitch", "part"):
        assert (new.notes[field] == own.notes[field]).all()


# --- articulation


@pytest.mark.parametrize("share", [0.45, 0.8, 1.0])
def test_notes_sound_for_their_share_of_the_time_to_the_next_and_the_last_as_written(share):
    own = piece((0, 2, 60, 0), (2, 0.5, 62, 0), (2.5, 1.5, 64, 0), (4, 3, 60, 0))
    new = played(own, share=share)
    assert new.notes["duration"] == pytest.approx([2 * share, 0.5 * share, 1.5 * share, 3])
    assert articulation(new) == pytest.approx(share)


def test_all_notes_of_a_chord_end_together_also_those_of_the_last_chord_as_written():
    own = piece((0, 1, 60, 0), (0, 2, 64, 0), (0, 2, 67, 0), (2, 1, 60, 0), (2, 4, 64, 0))
    new = played(own, share=0.5)
    assert new.notes["duration"] == pytest.approx([1, 1, 1, 1, 4])


def test_each_part_has_its_own_next_onset():
    own = piece((0, 4, 48, 1), (4, 4, 50, 1), *((float(beat), 1.0, 72, 0) for beat in range(8)))
    new = played(own, share=0.5)
    first, second = (new.notes["duration"][new.notes["part"] == part] for part in (0, 1))
    assert first == pytest.approx([0.5] * 7 + [1]) and second == pytest.approx([2, 4])


def test_a_short_rest_is_bridged_and_a_long_one_kept():
    own = piece((0, 1, 60, 0), (2, 1, 62, 0), (5, 1, 64, 0))  # a rest of one beat, then of two
    assert played(own, share=1.0).notes["duration"] == pytest.approx([2, 1, 1])
    assert played(own, share=0.5).notes["duration"] == pytest.approx([1, 0.5, 1])


def test_a_note_never_sounds_into_its_parts_next_one():
    own = piece((0, 2.5, 60, 0), (1, 1, 62, 0), (2, 1, 60, 0))
    assert played(own, share=1.0).notes["duration"] == pytest.approx([1, 1, 1])


def test_the_last_chord_stays_whole_however_short_notes_are_played():
    own = piece((0, 4, 60, 0), (1, 1, 64, 0), (2, 2, 48, 1), (2, 1, 67, 2), (3, 1, 65, 2))
    durations = {(note["pitch"], note["part"]): note["duration"] for note in played(own, share=0.5).notes}
    assert durations == {(60, 0): 4, (64, 0): 1, (48, 1): 2, (67, 2): 0.5, (65, 2): 1}


def test_no_note_loses_all_its_length():
    own = piece((0, 1 / 12, 60, 0), (1 / 12, 1 / 12, 62, 0), (2 / 12, 1, 60, 0))
    assert (played(own, share=0.45).notes["duration"] > 0).all()


# --- register and range


@pytest.mark.parametrize(("register", "shift"), [(43, -24), (50, -12), (64, 0), (70, 12), (77, 12), (84, 24)])
def test_the_register_is_reached_by_whole_octaves(register, shift):
    own = piece(*SCALE)  # mean 63.5
    new = played(own, register=register)
    assert (new.notes["pitch"] - own.notes["pitch"] == shift).all()
    assert abs(new.notes["pitch"].mean() - register) <= 6


def test_long_notes_count_for_more_in_the_register():
    own = piece((0, 9, 48, 0), (9, 1, 88, 0))  # 52 by sounding time, 68 by notes
    assert (played(own, register=52).notes["pitch"] == own.notes["pitch"]).all()


def test_in_each_part_all_notes_move_by_the_same_octaves_whatever_is_asked_for():
    rng = np.random.default_rng(1)
    rows = [(float(beat), 1.0, int(rng.integers(45, 85)) - 12 * part, part) for beat in range(16) for part in (0, 1)]
    own = piece(*rows)
    for register in (None, 43, 84):
        new = played(own, (PICCOLO, TUBA), register=register)
        moved = new.notes["pitch"].astype(int) - own.notes["pitch"]
        for part in (0, 1):
            shifts = set(moved[own.notes["part"] == part].tolist())
            assert len(shifts) == 1 and shifts.pop() % 12 == 0


def test_a_register_that_is_far_away_bends_no_pitch():
    own = piece((0, 15, 30, 0), (15, 1, 100, 0))
    new = played(own, register=84)
    assert ((new.notes["pitch"] - own.notes["pitch"]) % 12 == 0).all()


@pytest.mark.parametrize("program", [PICCOLO, TUBA, CELLO, VIOLIN, FLUTE, 9, 33, 47])
def test_a_tune_of_an_octave_lies_where_its_instrument_can_play_it(program):
    low, high = range_of(program)
    for base in (30, 48, 60, 90):
        own = piece(*((float(beat), 1.0, base + beat, 0) for beat in range(5)))
        pitches = played(own, (program,)).notes["pitch"]
        assert low <= pitches.min() and pitches.max() <= high


def test_who_can_play_a_part_as_it_is_does_not_move_it():
    assert (played(piece(*SCALE), (VIOLIN,)).notes["pitch"] == piece(*SCALE).notes["pitch"]).all()


def test_pitches_stay_those_of_midi():
    own = piece((0, 1, 45, 0), (1, 1, 46, 0), (2, 1, 47, 0), (3, 1, 95, 0))  # wider than a piccolo's range
    pitches = played(own, (PICCOLO,)).notes["pitch"]
    assert pitches.min() >= 0 and pitches.max() <= 127


def test_every_instrument_that_can_be_named_has_more_than_an_octave():
    for program in {*INSTRUMENTS.values()}:
        low, high = range_of(program)
        assert low >= 0 and high <= 127 and high - low >= 12, program


# --- who plays what


def test_high_instruments_go_to_high_parts():
    assert spread((CELLO, VIOLIN), np.array([72.0, 48.0])) == (VIOLIN, CELLO)
    assert spread((VIOLIN, CELLO), np.array([48.0, 72.0])) == (CELLO, VIOLIN)
    assert spread((TUBA, PICCOLO, CELLO), np.array([50.0, 40.0, 80.0])) == (CELLO, TUBA, PICCOLO)


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 7])
def test_each_instrument_plays_and_no_part_is_without(parts):
    rng = np.random.default_rng(parts)
    for count in range(1, parts + 1):
        programs = (PICCOLO, VIOLIN, CELLO, TUBA, FLUTE, 71, 56)[:count]
        found = spread(programs, rng.uniform(40, 80, parts))
        assert len(found) == parts and set(found) == set(programs)


def test_one_instrument_plays_all_and_parts_as_high_as_each_other_are_shared_out():
    assert spread((FLUTE,), np.array([60.0, 50.0, 70.0])) == (FLUTE,) * 3
    assert set(spread((VIOLIN, CELLO), np.array([60.0, 60.0]))) == {VIOLIN, CELLO}


def test_the_part_that_is_higher_is_played_by_the_higher_instrument():
    own = piece((0, 1, 48, 0), (0, 1, 76, 1), (1, 1, 50, 0), (1, 1, 74, 1))
    new = played(own, (CELLO, FLUTE))
    assert new.programs == (CELLO, FLUTE)
    assert played(own, (FLUTE, CELLO)).programs == new.programs


def test_an_instrument_is_not_given_to_a_part_that_rests_throughout():
    notes = piece((0, 1, 72, 0), (0, 1, 60, 1), (1, 1, 74, 0), (1, 1, 59, 1)).notes
    own = Piece(notes, 90.0, (PIANO,) * 4)  # parts 2 and 3 have no notes
    new = played(own, (VIOLIN, CELLO))
    assert {new.programs[part] for part in np.unique(new.notes["part"])} == {VIOLIN, CELLO}


def test_a_piece_without_notes_stays_one():
    own = Piece(note_table([]), 90.0, (PIANO, PIANO))
    new = played(own, (VIOLIN, CELLO), register=50, share=0.5)
    assert len(new.notes) == 0 and len(new.programs) == 2


# --- velocities


@pytest.mark.parametrize("velocity", [1, 40, 76, 116, 127])
def test_velocities_are_midis_and_bars_begin_loudest(velocity):
    own = piece((0, 1, 60, 0), (0.5, 0.5, 60, 0), (1, 1, 60, 0), (4, 1, 60, 0), (7.5, 0.5, 60, 0))
    bar, off, beat, next_bar, last = played(own, velocity=velocity).notes["velocity"].tolist()
    assert 1 <= off <= beat == velocity <= bar <= 127
    assert bar == next_bar and off == last
    assert bar > off


def test_bars_are_those_of_the_metre():
    own = piece(*((beat / 2, 0.5, 60, 0) for beat in range(12)), metre=(6, 8))
    velocities = played(own).notes["velocity"]
    assert (velocities == velocities.max()).nonzero()[0].tolist() == [0, 6]
