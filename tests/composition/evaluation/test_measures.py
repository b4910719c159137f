"""Measures of pieces made by hand, chorales against music21 and scipy, and what must not change a measure."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music21 import corpus, stream
from music21.analysis.discrete import KrumhanslKessler
from scipy.stats import entropy

from reprise.composition.evaluation.measures import (
    MEASURES,
    duration_entropy,
    empty_bar_rate,
    groove_consistency,
    in_key_rate,
    interval_entropy,
    key_clarity,
    measure,
    note_density,
    pitch_class_entropy,
    pitch_range,
    polyphony,
    standardised_difference,
    summarise,
)
from reprise.music.analysis import keyfinding
from reprise.music.piece import Piece, note_table

CHORALES = ("bach/bwv66.6", "bach/bwv253", "bach/bwv256", "bach/bwv263")


def piece(rows: list[tuple[float, float, int, int]], metre: tuple[int, int] = (4, 4)) -> Piece:
    """A piece of (onset, duration, pitch, part) rows."""
    parts = 1 + max((row[3] for row in rows), default=0)
    return Piece(note_table([(*row[:3], 64, row[3]) for row in rows]), 120.0, (0,) * parts, metre)


def line(*pitches: int, duration: float = 1.0) -> Piece:
    """One part, one note after the other."""
    return piece([(k * duration, duration, pitch, 0) for k, pitch in enumerate(pitches)])


@cache
def chorale(name: str) -> tuple[stream.Score, Piece]:
    """A chorale as music21 has it, and its notes with ties joined."""
    score = corpus.parse(name)
    rows = [
        (float(note.offset), float(note.quarterLength), pitch.midi, part)
        for part, staff in enumerate(score.parts)
        for note in staff.stripTies().flatten().notes
        for pitch in note.pitches
    ]
    return score, piece(rows)


C_MAJOR, A_HARMONIC_MINOR = (60, 62, 64, 65, 67, 69, 71, 72), (57, 59, 60, 62, 64, 65, 68, 69)


# --- entropies


def test_twelve_pitch_classes_once_each_have_log2_12_bits():
    assert pitch_class_entropy(line(*range(60, 72))) == pytest.approx(np.log2(12))
    assert pitch_class_entropy(line(*range(48, 96))) == pytest.approx(np.log2(12))  # four octaves too
    assert pitch_class_entropy(line(60, 72, 48)) == 0


def test_pitch_classes_count_by_note_not_by_duration():
    assert pitch_class_entropy(piece([(0, 3, 60, 0), (3, 1, 62, 0)])) == 1


def test_a_chromatic_scale_has_one_interval_and_an_arpeggio_that_returns_two():
    assert interval_entropy(line(*range(60, 72))) == 0
    assert interval_entropy(line(60, 64, 60, 64, 60)) == 1  # up and down a third are two intervals


def test_intervals_run_within_a_part():
    """Both parts move by whole tones, though they lie an octave apart and alternate."""
    rows = [(k, 1, 60 + 2 * k, 0) for k in range(4)] + [(k + 0.5, 1, 72 + 2 * k, 1) for k in range(4)]
    assert interval_entropy(piece(rows)) == 0


def test_the_top_of_a_chord_makes_the_melody():
    """Chords whose top goes up by whole tones, over a bass that leaps."""
    rows = [(k, 1, pitch, 0) for k, bass in enumerate((48, 41, 55)) for pitch in (bass, 60, 72 + 2 * k)]
    assert interval_entropy(piece(rows)) == 0
    rolled = [(onset + 0.01 * (place % 3), 1, pitch, 0) for place, (onset, _, pitch, _) in enumerate(rows)]
    assert interval_entropy(piece(rolled)) == 0


def test_durations_are_told_apart_by_the_twelfth():
    halves = [(0, 0.5, 60, 0), (0.5, 0.5, 60, 0), (1, 0.25, 60, 0), (1.25, 0.25, 60, 0)]
    assert duration_entropy(piece(halves)) == 1
    assert duration_entropy(piece([(0, 0.501, 60, 0), (1, 0.499, 60, 0)])) == 0


@pytest.mark.parametrize("name", CHORALES)
def test_entropies_of_a_chorale_are_scipy_s(name):
    score, ours = chorale(name)
    pitches, durations, intervals = [], [], []
    for part in score.parts:
        notes = list(part.stripTies().flatten().notes)
        pitches += [note.pitch.pitchClass for note in notes]
        durations += [note.quarterLength for note in notes]
        intervals += [after.pitch.midi - before.pitch.midi for before, after in pairwise(notes)]
    for function, values in (
        (pitch_class_entropy, pitches),
        (duration_entropy, durations),
        (interval_entropy, intervals),
    ):
        assert function(ours) == pytest.approx(entropy([values.count(value) for value in set(values)], base=2))


# --- key


@pytest.mark.parametrize("transposition", range(-6, 6))
@pytest.mark.parametrize("scale", [C_MAJOR, A_HARMONIC_MINOR])
def test_a_scale_lies_in_its_key(scale, transposition):
    assert in_key_rate(line(*(pitch + transposition for pitch in scale))) == 1


def test_melodic_minor_goes_up_and_down_in_its_key():
    """A B C D E F# G# A, G F E D C B A, with the tonic triad under it."""
    melody = [57, 59, 60, 62, 64, 66, 68, 69, 67, 65, 64, 62, 60, 59, 57]
    triad = [(0, 15, pitch, 1) for pitch in (45, 48, 52)]
    assert in_key_rate(piece([(k, 1, pitch, 0) for k, pitch in enumerate(melody)] + triad)) == 1


def test_one_note_of_nine_outside_the_key():
    assert in_key_rate(line(*C_MAJOR, 66)) == pytest.approx(8 / 9)


def test_the_nine_notes_of_minor_don_t_win_by_their_number():
    """C major with F sharp and G sharp: all of it lies in A minor's nine pitch classes, but its key is C major."""
    rows = [(k, 4 if pitch % 12 in (0, 4, 7) else 1, pitch, 0) for k, pitch in enumerate((*C_MAJOR, 66, 68))]
    assert in_key_rate(piece(rows)) == pytest.approx(8 / 10)


@pytest.mark.parametrize("name", CHORALES)
def test_the_key_of_a_chorale_is_music21_s_with_its_profiles(name, monkeypatch):
    profiles = {mode: tuple(KrumhanslKessler().getWeights(mode)) for mode in keyfinding.MODES}
    monkeypatch.setattr(keyfinding, "PROFILES", profiles)
    score, ours = chorale(name)
    expected = score.analyze("key.krumhanslkessler")
    assert key_clarity(ours) == pytest.approx(expected.correlationCoefficient, abs=1e-6)
    classes = {pitch.pitchClass for pitch in expected.pitches}
    if expected.mode == "minor":
        classes |= {(expected.tonic.pitchClass + degree) % 12 for degree in (9, 11)}
    inside = [pitch % 12 in classes for pitch in ours.notes["pitch"].tolist()]
    assert in_key_rate(ours) == pytest.approx(np.mean(inside))


def test_a_chromatic_cluster_has_no_key():
    assert np.isnan(key_clarity(line(*range(60, 72)))) and np.isnan(in_key_rate(line(*range(60, 72))))


# --- rhythm and texture

QUARTERS = [(k, 1, 60, 0) for k in range(16)]


def test_four_quarters_in_every_bar_have_one_groove():
    assert groove_consistency(piece(QUARTERS)) == 1


def test_onsets_on_and_off_the_beat_share_nothing():
    """Quarters on the beat, then off it: 8 of 16 steps differ."""
    assert groove_consistency(piece([(k if k < 4 else k + 0.5, 0.5, 60, 0) for k in range(8)])) == 1 - 8 / 16


def test_a_groove_is_that_of_all_parts_on_the_nearest_step():
    early = {8: 0.03, 10: -0.03}  # the first note of the second bar sounds before its bar line
    assert groove_consistency(piece([(k - early.get(k, 0), 1, 60, k % 2) for k in range(4, 12)])) == 1


def test_a_groove_follows_the_metre():
    waltz = [(bar * 3 + beat, 1, 60, 0) for bar in range(4) for beat in (0, 1, 1.5, 2)]
    assert groove_consistency(piece(waltz, (3, 4))) == 1 > groove_consistency(piece(waltz, (4, 4)))
    assert groove_consistency(piece([(k * 1.5, 1.5, 60, 0) for k in range(6)], (6, 8))) == 1


def test_one_bar_of_four_is_empty():
    assert empty_bar_rate(piece([note for note in QUARTERS if not 4 <= note[0] < 8])) == 0.25
    assert empty_bar_rate(piece(QUARTERS)) == 0


def test_a_bar_with_a_held_note_is_not_empty():
    assert empty_bar_rate(piece([(0, 9, 60, 0), (12, 1, 60, 0)])) == 0
    assert empty_bar_rate(piece([(0, 8, 60, 0), (12, 1, 60, 0)])) == 0.25


def test_notes_a_bar():
    assert note_density(piece(QUARTERS)) == 4
    assert note_density(piece([(0, 8, 60, 0), (0, 8, 64, 0)])) == 1
    assert note_density(piece([(0, 12, 48, 0), (1, 1, 60, 0), (2, 1, 60, 0)])) == 1  # the first note ends last
    assert note_density(piece(QUARTERS[:12], (3, 4))) == 3


def test_polyphony_is_averaged_over_what_sounds():
    assert polyphony(piece([(0, 2, 60, 0), (0, 2, 64, 1), (10, 2, 60, 0)])) == pytest.approx(1.5)
    assert polyphony(piece(QUARTERS)) == 1
    assert polyphony(piece([(0, 4, 60, 0), (1, 1, 64, 0), (3, 2, 67, 0)])) == pytest.approx(7 / 5)


@pytest.mark.parametrize("name", CHORALES)
def test_four_voices_without_rests_sound_as_four(name):
    score, ours = chorale(name)
    assert polyphony(ours) == pytest.approx(4)
    assert pitch_range(ours) == score.analyze("ambitus").semitones


# --- all of them


def test_what_is_undefined_is_nan():
    assert all(np.isnan(value) for value in measure(piece([])).values())
    one_note = measure(piece([(0, 1, 60, 0)]))
    assert {name for name, value in one_note.items() if np.isnan(value)} == {"interval_entropy", "groove_consistency"}


notes = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 60), st.integers(30, 90), st.integers(0, 2)), min_size=1, max_size=25
)


@given(notes, st.integers(-24, 24), st.integers(1, 5), st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 4), (2, 2)]))
@settings(max_examples=150, deadline=None)
def test_neither_transposition_nor_bars_of_silence_before_it_change_a_measure(rows, transposition, bars, metre):
    here = piece([(onset / 12, duration / 12, pitch, part) for onset, duration, pitch, part in rows], metre)
    shift = bars * here.bar_beats
    there = [(onset / 12 + shift, length / 12, pitch + transposition, part) for onset, length, pitch, part in rows]
    assert measure(piece(there, metre)) == pytest.approx(measure(here), nan_ok=True, abs=1e-9)


@given(notes)
@settings(max_examples=100, deadline=None)
def test_measures_stay_in_their_range(rows):
    found = measure(piece([(onset / 12, duration / 12, pitch, part) for onset, duration, pitch, part in rows]))
    for name in ("in_key_rate", "groove_consistency", "empty_bar_rate"):
        assert np.isnan(found[name]) or 0 <= found[name] <= 1, name
    assert 0 <= found["pitch_class_entropy"] <= np.log2(12) + 1e-9
    assert np.isnan(found["key_clarity"]) or 0 < found["key_clarity"] <= 1 + 1e-9
    assert found["polyphony"] >= 1 - 1e-9 and found["note_density"] > 0


def test_a_summary_leaves_out_where_a_measure_is_undefined():
    found = summarise([line(60, 62), piece(QUARTERS)], 100, seed=0)
    assert found["groove_consistency"] == {"value": 1.0, "count": 1}
    assert found["note_density"] == {"value": 4.0, "low": 4.0, "high": 4.0, "count": 2}
    assert found["pitch_range"]["value"] == 1 and found.keys() == MEASURES.keys()
    assert "groove_consistency" not in summarise([line(60, 62)], 100, seed=0)


def test_a_difference_in_standard_deviations_by_hand():
    """Both sides vary by 1 around 5 and 3: twice the deviation of 1, and generated music has more."""
    assert standardised_difference(np.array([4.0, 5, 6]), np.array([2.0, 3, 4])) == pytest.approx(2)
    assert standardised_difference(np.array([2.0, 3, 4]), np.array([4.0, 5, 6, np.nan])) == pytest.approx(-2)


def test_a_difference_pools_by_degrees_of_freedom():
    first, second = np.random.default_rng(0).normal(1, 2, 30), np.random.default_rng(1).normal(0, 1, 10)
    pooled = np.sqrt((29 * first.var(ddof=1) + 9 * second.var(ddof=1)) / 38)
    assert standardised_difference(first, second) == pytest.approx((first.mean() - second.mean()) / pooled)


def test_a_difference_without_spread():
    assert standardised_difference(np.full(3, 0.1), np.full(4, 0.1)) == 0
    assert np.isnan(standardised_difference(np.zeros(3), np.ones(3)))
    assert np.isnan(standardised_difference(np.array([1.0]), np.array([1.0, 2.0])))
