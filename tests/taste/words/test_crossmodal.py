"""The crossmodal table in each direction that the studies found, copied here by hand."""

import pytest

from reprise.taste.plan import DECIBELS, LEVELS, REGISTERS, SHARES, VELOCITIES
from reprise.taste.words.crossmodal import CROSSMODAL, IN_WORDS

# Register, articulation, dissonance and loudness from 0 to 2; instruments, of which one must be among the table's.
FOUND = {
    "sweet": {"register": 2, "articulation": 2, "dissonance": 0, "loudness": 0, "bpm": 70, "timbre": {46, 0, 48}},
    "sour": {"register": 2, "articulation": 0, "dissonance": 2, "loudness": 2, "bpm": 90, "timbre": {40, 73, 80}},
    "salty": {"register": 1, "articulation": 0, "dissonance": 1.5, "loudness": 1, "bpm": 140, "timbre": {33, 60}},
    "bitter": {"register": 0, "articulation": 2, "dissonance": 2, "loudness": 0, "bpm": 60, "timbre": {32, 42, 57}},
}
HEIGHT = {"low": 0, "middle": 1, "raised": 1.5, "high": 2}
COLUMNS = ("register", "articulation", "dissonance", "loudness")


@pytest.mark.parametrize("taste", FOUND)
@pytest.mark.parametrize("column", COLUMNS)
def test_each_level_is_as_the_studies_found(taste, column):
    assert HEIGHT[getattr(CROSSMODAL[taste], column)] == FOUND[taste][column]


@pytest.mark.parametrize("taste", FOUND)
def test_tempos_are_spanios(taste):
    assert CROSSMODAL[taste].tempo_bpm == FOUND[taste]["bpm"]


@pytest.mark.parametrize("taste", FOUND)
def test_instruments_are_of_the_timbres_found(taste):
    assert FOUND[taste]["timbre"] <= set(CROSSMODAL[taste].instruments)
    assert len(set(CROSSMODAL[taste].instruments)) == len(CROSSMODAL[taste].instruments) <= 4


def test_sour_has_the_dense_notes_that_mesz_found_whatever_spanios_tempo():
    density = {taste: HEIGHT[row.density] for taste, row in CROSSMODAL.items()}
    assert density["sour"] > density["salty"] > max(density["sweet"], density["bitter"])


def test_all_four_tastes_are_there_and_no_two_alike():
    assert CROSSMODAL.keys() == IN_WORDS.keys() == FOUND.keys()
    assert len({tuple(getattr(row, column) for column in COLUMNS) for row in CROSSMODAL.values()}) == 4


def test_every_level_has_a_number():
    for row in CROSSMODAL.values():
        assert row.density in LEVELS and row.dissonance in LEVELS
        assert row.register in REGISTERS and row.articulation in SHARES
        assert row.loudness in VELOCITIES and row.loudness in DECIBELS


SAID = {  # in the words that the small CLAP knows
    "sweet": {"slow", "high", "legato", "consonant", "quiet"},
    "sour": {"fast", "high", "staccato", "dissonant", "loud"},
    "salty": {"fast", "middle", "staccato", "tension"},
    "bitter": {"slow", "low", "legato", "dissonant", "quiet"},
}


@pytest.mark.parametrize("taste", SAID)
def test_the_words_say_what_the_table_says(taste):
    assert len(IN_WORDS[taste]) == len(SAID[taste])
    for word in SAID[taste]:
        assert sum(word in statement.split() for statement in IN_WORDS[taste]) == 1, word
