"""All measures of style: what they share, and which pieces they don't apply to."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_model import chorale
from tiny_pieces import piece_of

from reprise.composition.style.measures import columns, estimates, of_ending, of_excerpt, values
from reprise.composition.style.transitions import transitions
from reprise.composition.style.voices import UNDEFINED
from reprise.music.piece import Piece

OF_VOICES = {
    "parallel_fifths", "parallel_octaves", "contrary_perfects", "hidden_perfects", "crossing_rate", "wide_spacing_rate",
    "dissonance_rate", "treated_dissonance_rate",
}  # fmt: skip
OF_CHORDS = {
    "triad_rate", "seventh_rate", "other_chord_rate", "root_position_phrase_end_rate", "authentic_cadence_rate",
    "half_cadence_rate", "plagal_cadence_rate", "deceptive_cadence_rate", "tonic_phrase_end_rate", "closing_rate",
}  # fmt: skip
MELODY = piece_of(*((12 * n, 12, 60 + (5 * n) % 12, 0) for n in range(40)))


def measured(piece: Piece) -> dict:
    return of_excerpt(piece) | of_ending(piece)


def undefined(piece: Piece) -> set[str]:
    return {name for name, found in measured(piece).items() if found == UNDEFINED}


def test_a_chorale_has_all_measures_and_other_music_those_that_apply():
    assert undefined(chorale(0)) == set()
    assert undefined(MELODY) == OF_VOICES | OF_CHORDS
    notes = chorale(0).notes.copy()
    notes["part"] = 0
    assert undefined(replace(chorale(0), notes=notes)) == OF_VOICES, "a piano"


def test_every_measure_is_undefined_for_nothing():
    nothing = replace(MELODY, notes=MELODY.notes[:0])
    assert undefined(nothing) == set(measured(MELODY))


@pytest.mark.parametrize("piece", [chorale(0), MELODY])
def test_no_measure_changes_in_another_key_or_some_bars_later(piece):
    other = piece.notes.copy()
    other["pitch"] += 5
    other["onset"] += 3 * piece.bar_beats
    moved = replace(piece, notes=other)
    assert measured(moved) == measured(piece)
    assert transitions(moved) == transitions(piece)


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_shares(seed):
    found = measured(chorale(seed))
    for name, (counted, of) in found.items():
        if name.endswith("_rate"):
            assert 0 <= counted <= of, name
    chords = [found[name] for name in ("triad_rate", "seventh_rate", "other_chord_rate")]
    assert sum(counted for counted, _ in chords) == chords[0][1]


def test_sets_are_pooled_and_what_no_piece_has_is_left_out():
    table = columns([{"a": (1.0, 2.0), "b": (0.0, 0.0)}, {"a": (3.0, 4.0), "b": (0.0, 0.0)}])
    found = estimates(table, 20, 1, ["x", "y"])
    assert found.keys() == {"a"} and found["a"]["value"] == pytest.approx(4 / 6, abs=1e-4)
    assert values(table["a"]).tolist() == [0.5, 0.75] and np.isnan(values(table["b"])).all()
    assert columns([]) == {}
