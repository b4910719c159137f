"""Copies that were put in by hand, the index against a search of every place, and what hides no copy."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.composition.evaluation.originality import (
    copied_ngram_share,
    longest_copied_run,
    originality,
    pairwise_ngram_share,
)
from reprise.music.analysis.copies import CopyIndex, Move, moves
from reprise.music.piece import Piece, note_table


def piece(rows: list[tuple[float, int]], tempo_bpm: float = 100.0) -> Piece:
    """One part of (onset, pitch) rows."""
    return Piece(note_table([(onset, 0.5, pitch, 64, 0) for onset, pitch in rows]), tempo_bpm, (0,))


def walk(seed: int, notes: int = 60) -> list[tuple[float, int]]:
    """A random melody of 25 pitches and 12 steps, which hardly repeats; a short one is the beginning of a long one."""
    steps, pitches = np.random.default_rng(seed).integers((1, 48), (13, 73), (notes, 2)).T
    return list(zip((np.cumsum(steps) / 12).tolist(), pitches.tolist()))


def test_moves_by_hand():
    """C, then E and G together a beat later, then C half a beat after them."""
    assert moves(piece([(0, 60), (1, 67), (1, 64), (1.5, 60)])) == [(4, 12), (3, 0), (-7, 6)]
    assert moves(piece([(0, 60)])) == moves(piece([])) == []


def test_a_copied_passage_of_12_notes_in_another_key_bar_and_tempo_is_found():
    passage = [(onset + 37.0, pitch + 5) for onset, pitch in walk(0)[20:32]]
    before, after = walk(1, 20), [(onset + 60, pitch) for onset, pitch in walk(2, 20)]
    borrower = piece(before + passage + after, tempo_bpm=180)
    index = CopyIndex([piece(walk(3)), piece(walk(0)), piece(walk(4))])
    assert longest_copied_run(borrower, index) == 12
    assert longest_copied_run(piece(before + after), index) < 6


def test_other_note_values_are_no_copy():
    twice_as_slow = piece([(2 * onset, pitch) for onset, pitch in walk(0)])
    assert longest_copied_run(twice_as_slow, CopyIndex([piece(walk(0))])) < 6


def test_a_copy_of_a_whole_piece():
    index = CopyIndex([piece(walk(seed)) for seed in range(5)])
    assert longest_copied_run(piece(walk(3)), index) == 60
    assert copied_ngram_share(piece(walk(3)), index) == 1


def test_a_run_doesn_t_go_on_from_one_training_piece_into_the_next():
    """A piece in two halves, each the whole of a training piece."""
    first, second = walk(0, 30), [(onset + 100, pitch) for onset, pitch in walk(1, 30)]
    assert longest_copied_run(piece(first + second), CopyIndex([piece(walk(0, 30)), piece(walk(1, 30))])) == 30


def test_jitter_below_the_grid_hides_no_copy():
    jitter = np.random.default_rng(99).uniform(-0.03, 0.03, 60)
    chords = [(onset // 1, pitch) for onset, pitch in walk(0)]  # many notes start together
    played = piece([(onset + late + 1, pitch) for (onset, pitch), late in zip(chords, jitter)])
    assert longest_copied_run(played, CopyIndex([piece(chords)])) == 60


def test_short_pieces():
    index = CopyIndex([piece(walk(0))])
    assert longest_copied_run(piece([]), index) == 0
    assert longest_copied_run(piece([(0, 60)]), index) == 1
    assert np.isnan(copied_ngram_share(piece(walk(0, 15)), index, n=16))
    assert copied_ngram_share(piece(walk(0, 16)), index, n=16) == 1
    for empty in (CopyIndex([]), CopyIndex([piece([(0, 60)])])):
        assert longest_copied_run(piece(walk(0)), empty) == 1 and empty.continuations([(0, 0)]) == []


def test_ngrams_by_hand():
    """The second half of 40 notes is new: of 33 8-grams the first 13 are copied."""
    half_new = walk(0, 20) + [(onset + 50, pitch) for onset, pitch in walk(1, 20)]
    assert copied_ngram_share(piece(half_new), CopyIndex([piece(walk(0, 20))]), n=8) == pytest.approx(13 / 33)


# --- the index against a search of every place

few_moves = st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 1)), max_size=30)


def piece_of(sequence: list[Move]) -> Piece:
    """A piece whose notes lie as the moves say, each in a part of its own so that their order is kept."""
    pitches = 60 + np.cumsum([0, *(interval for interval, _ in sequence)])
    onsets = np.cumsum([0, *(step for _, step in sequence)]) / 12
    rows = [(onset, 1.0, pitch, 64, part) for part, (onset, pitch) in enumerate(zip(onsets, pitches))]
    return Piece(note_table(rows), 100.0, (0,) * len(rows))


@given(st.lists(few_moves, max_size=4), few_moves)
@settings(max_examples=150, deadline=None)
def test_runs_are_those_of_a_plain_search(training, sequence):
    runs = CopyIndex([piece_of(row) for row in training]).runs(sequence)
    expected = [
        max(
            length
            for length in range(end + 1)
            if length == 0
            or any(
                row[start : start + length] == sequence[end - length : end]
                for row in training
                for start in range(len(row) - length + 1)
            )
        )
        for end in range(1, len(sequence) + 1)
    ]
    assert runs.tolist() == expected


@given(
    st.lists(few_moves, max_size=4), st.lists(st.tuples(st.integers(-1, 1), st.integers(0, 1)), min_size=1, max_size=4)
)
@settings(max_examples=150, deadline=None)
def test_continuations_are_those_of_a_plain_search(training, passage):
    expected = sorted(
        {
            row[start + len(passage)]
            for row in training
            for start in range(len(row) - len(passage))
            if row[start : start + len(passage)] == passage
        }
    )
    assert CopyIndex([piece_of(row) for row in training]).continuations(passage) == expected


def test_a_sampler_that_heeds_the_index_copies_no_more_than_its_limit():
    """Random moves of a tiny alphabet would copy long runs; with the guard none has more than 6 notes."""
    alphabet = [(interval, step) for interval in (-1, 0, 1) for step in (0, 3)]
    rng = np.random.default_rng(0)

    def sample(length: int, guard: CopyIndex | None, limit: int = 6) -> list[Move]:
        sequence: list[Move] = []
        while len(sequence) < length:
            enough = guard is not None and len(sequence) >= limit - 1
            forbidden = guard.continuations(sequence[-(limit - 1) :]) if enough else set()
            allowed = [move for move in alphabet if move not in forbidden]
            sequence.append(allowed[rng.integers(len(allowed))])
        return sequence

    index = CopyIndex([piece_of(sample(100, None)) for _ in range(20)])
    assert max(longest_copied_run(piece_of(sample(100, None)), index) for _ in range(5)) > 6
    for _ in range(5):
        assert longest_copied_run(piece_of(sample(100, index)), index) == 6


IN_ANOTHER_PROCESS = """
from reprise.music.analysis.copies import CopyIndex, moves
from reprise.music.piece import Piece, note_table
rows = [(k + k * k % 7 / 12, 0.5, 60 + k * k % 11, 64, 0) for k in range(200)]
piece = Piece(note_table(rows), 100.0, (0,))
index = CopyIndex([piece])
print(index.runs(moves(piece)[50:]).tolist(), [index.continuations([move]) for move in moves(piece)])
"""


def test_the_index_is_the_same_in_every_process():
    outputs = set()
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS]
        outputs.add(subprocess.check_output(command, env={**os.environ, "PYTHONHASHSEED": seed}))
    assert len(outputs) == 1


# --- pieces against each other


def test_shares_between_pieces_by_hand():
    """The second piece is the first 20 of 40 notes of the first: all its 8-grams against 13 of 33."""
    shares = pairwise_ngram_share([piece(walk(0, 40)), piece(walk(0, 20)), piece(walk(1, 40))], n=8)
    expected = np.array([[np.nan, 13 / 33, 0], [1, np.nan, 0], [0, 0, np.nan]])
    np.testing.assert_allclose(shares, expected)


def test_originality_by_hand():
    """Of four outputs two are one in two keys, one is copied from training, one is new."""
    index = CopyIndex([piece(walk(seed)) for seed in range(10)])
    twins = [piece([(onset, pitch + key) for onset, pitch in walk(20)]) for key in (0, 2)]
    found = originality([*twins, piece(walk(3)), piece(walk(21))], index, 200, seed=0)
    assert found["uniqueness"]["value"] == 0.5 and found["uniqueness"]["count"] == 4
    assert found["copied_ngram_share"]["value"] == 0.25
    assert found["pairwise_ngram_share"]["value"] == pytest.approx(2 / 12, abs=5e-5)
    assert found["worst_copied_run"] == 60 and 15 < found["longest_copied_run"]["value"] < 20
    assert found == originality([*twins, piece(walk(3)), piece(walk(21))], index, 200, seed=0)


def test_originality_of_what_is_too_short_or_alone():
    index = CopyIndex([piece(walk(0))])
    assert originality([], index, 100, seed=0) == {"worst_copied_run": 0}
    assert originality([piece(walk(0))], index, 100, seed=0).keys() == {
        "longest_copied_run",
        "copied_ngram_share",
        "worst_copied_run",
    }
    short = originality([piece(walk(0, 5)), piece(walk(1))], index, 100, seed=0)
    assert short["longest_copied_run"]["count"] == 2 and short["copied_ngram_share"]["count"] == 1


def test_50_pieces_against_300_take_seconds():
    """Of 250 notes each; about 0.5 s here, with slack for a busy machine."""
    training, outputs = ([piece(walk(seed, 250)) for seed in seeds] for seeds in (range(300), range(1000, 1050)))
    started = time.perf_counter()
    originality(outputs, CopyIndex(training), 1000, seed=0)
    assert time.perf_counter() - started < 10
