"""Does music do what was asked, on rows and notes made by hand: TB, TBT, CK, CKD, metre, instruments, the table."""

import json

import numpy as np
import pytest

from reprise.music.piece import Piece, note_table
from reprise.taste.evaluation.adherence import adherence, by_the_table, tempo_bin
from reprise.taste.evaluation.made import Made

RESAMPLES, SEED = 100, 1
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}


def in_key(tonic: int, mode: str, **other) -> Piece:
    """A scale whose tonic triad sounds longest."""
    scale = MAJOR if mode == "major" else MINOR
    rows = [(float(n), 4.0 if step in TRIADS[mode] else 1.0, 60 + tonic + step, 64, 0) for n, step in enumerate(scale)]
    given = {"tempo_bpm": 100.0, "programs": (0,)} | other
    return Piece(note_table(rows), **given)


def made(piece: Piece, prompt: str = "a", told: dict | None = None, **row) -> Made:
    """A piece with its row, which asks for what the piece is, but for what is given here."""
    asked = {
        "set": "own",
        "prompt": prompt,
        "tastes": [],
        "tempo_bpm": piece.tempo_bpm,
        "metre": "{}/{}".format(*piece.metre),
        "programs": np.array(piece.programs),
        "text": prompt,
        "asked": ["tempo_bpm", "metre", "instrument"],
        "told": json.dumps(told or {}),
    }
    return Made(asked | row, piece, np.zeros(10, np.float32))


def values(*rows: Made) -> dict[str, float]:
    return {name: found["value"] for name, found in adherence(rows, RESAMPLES, SEED).items()}


# --- what was asked for


def test_what_nobody_asked_for_is_neither_hit_nor_miss():
    asked = made(in_key(0, "major"))
    usual = made(in_key(0, "major"), "b", asked=["metre"], tempo_bpm=30.0)
    assert values(asked, usual)["tempo_bin"] == 1 and "tempo_bin" not in values(usual)
    assert {"metre"} == values(usual).keys()


# --- tempo


@pytest.mark.parametrize(("number", "low"), list(enumerate((40, 60, 70, 90, 110, 140, 160, 210), start=1)))
def test_a_bin_begins_at_its_edge(number, low):
    assert tempo_bin(low) == tempo_bin(low + 0.5) == number
    assert tempo_bin(low - 0.5) == number - 1
    assert tempo_bin(low - 0.0005) == number  # what MIDI's whole microseconds lose


@pytest.mark.parametrize(
    ("asked", "is_", "tb", "tbt"),
    [
        (100, 100, 1, 1),
        (100, 90, 1, 1),
        (100, 109.9, 1, 1),
        (100, 110, 0, 1),
        (100, 89, 0, 1),
        (100, 140, 0, 0),
        (100, 69, 0, 0),
        (250, 500, 1, 1),
        (39, 4, 1, 1),
        (39, 41, 0, 1),
        (39, 60, 0, 0),
    ],
)
def test_tempos_in_the_bin_and_in_the_bin_beside_it(asked, is_, tb, tbt):
    found = values(made(in_key(0, "major", tempo_bpm=float(is_)), tempo_bpm=float(asked)))
    assert (found["tempo_bin"], found["tempo_bin_tolerant"]) == (tb, tbt)


# --- keys


@pytest.mark.parametrize(
    ("asked", "is_", "ck", "ckd"),
    [
        ((0, "major"), (0, "major"), 1, 1),
        ((0, "major"), (9, "minor"), 0, 1),  # the relative key
        ((9, "minor"), (0, "major"), 0, 1),
        ((3, "major"), (0, "minor"), 0, 1),
        ((6, "major"), (3, "minor"), 0, 1),  # F# major and its D# minor, which is written Eb minor
        ((0, "major"), (0, "minor"), 0, 0),  # the parallel key
        ((0, "major"), (7, "major"), 0, 0),
        ((9, "minor"), (2, "minor"), 0, 0),
    ],
)
def test_keys_and_their_relatives(asked, is_, ck, ckd):
    found = values(made(in_key(*is_), told={"tonic": asked[0], "mode": asked[1]}))
    assert (found["key"], found["key_or_relative"]) == (ck, ckd)


def test_a_key_counts_only_where_a_whole_one_was_asked_for():
    unasked = [made(in_key(0, "major"), told=told) for told in ({}, {"tonic": None, "mode": "minor"})]
    assert not {"key", "key_or_relative"} & values(*unasked).keys()
    asked = made(in_key(0, "major"), prompt="b", told={"tonic": 0, "mode": "major"})
    found = adherence([*unasked, asked], RESAMPLES, SEED)
    assert found["key"]["value"] == 1 and found["key"]["count"] == 1 and found["tempo_bin"]["count"] == 2


def test_music_without_a_key_is_in_none_that_was_asked_for():
    rows = [(float(n), 1.0, 60 + n, 64, 0) for n in range(12)]  # every pitch class as long
    found = values(made(Piece(note_table(rows), 100.0, (0,)), told={"tonic": 0, "mode": "major"}))
    assert found["key"] == found["key_or_relative"] == 0


# --- metre and instruments


def test_metres_are_the_same_or_not():
    assert values(made(in_key(0, "major", metre=(6, 8))))["metre"] == 1
    assert values(made(in_key(0, "major", metre=(3, 4)), metre="6/8"))["metre"] == 0


@pytest.mark.parametrize(("asked", "right"), [([40], 1), ([40, 40], 1), ([40, 42], 0), ([42], 0), ([], 0)])
def test_exactly_the_instruments_asked_for_play(asked, right):
    assert values(made(in_key(0, "major", programs=(40,)), programs=np.array(asked)))["instruments"] == right


def test_the_order_and_number_of_instruments_do_not_matter():
    rows = [(0.0, 1.0, 60, 64, 0), (0.0, 1.0, 50, 64, 1), (0.0, 1.0, 48, 64, 2)]
    piece = Piece(note_table(rows), 100.0, (42, 40, 40))
    assert values(made(piece, programs=np.array([40, 42])))["instruments"] == 1


# --- shares


def test_shares_are_over_pieces_and_counts_over_prompts():
    right, wrong = made(in_key(0, "major")), made(in_key(0, "major"), prompt="b", tempo_bpm=200.0)
    found = adherence([right, right, right, wrong], RESAMPLES, SEED)
    assert found["tempo_bin"]["value"] == 0.75 and found["tempo_bin"]["count"] == 2
    assert set(found) == {"tempo_bin", "tempo_bin_tolerant", "metre", "instruments"}


def test_the_order_of_pieces_does_not_matter():
    rows = [made(in_key(n % 12, "major", tempo_bpm=80.0 + n), prompt=str(n % 5), tempo_bpm=90.0) for n in range(20)]
    assert adherence(rows, RESAMPLES, SEED) == adherence(rows[::-1], RESAMPLES, SEED)


# --- the crossmodal table


def like_the_table(taste: str, sign: int = 1) -> tuple[Made, float]:
    """A piece that is as the table has it for a taste, or (sign -1) the reverse, and its loudness."""
    height, length, clash, loud, step = {
        "sweet": (2, 2, 0, 0, 0),
        "sour": (2, 0, 2, 2, 2),
        "salty": (1, 0, 1.5, 1, 1),
        "bitter": (0, 2, 2, 0, 0),
    }[taste]
    beats = 1.0 - 0.25 * sign * step
    interval = {0: 7, 1.5: 2, 2: 1}[clash] if sign > 0 else {0: 1, 1.5: 2, 2: 7}[clash]
    share = 0.6 + 0.2 * sign * (length - 1)
    pitch = 64 + 12 * sign * (round(height) - 1)
    rows = [(n * beats, beats * share, pitch + up, 64, 0) for n in range(8) for up in (0, interval)]
    bpm = {"sweet": 70.0, "sour": 90.0, "salty": 140.0, "bitter": 60.0}[taste]
    piece = Piece(note_table(rows), bpm if sign > 0 else 5000 / bpm, (0,))
    return made(piece, prompt=taste, set="base", tastes=[taste]), -20.0 + sign * 5 * loud


@pytest.mark.parametrize("sign", [1, -1])
def test_music_as_the_table_has_it_correlates_with_it_and_the_reverse_the_other_way(sign):
    rows, loudness = zip(*(like_the_table(taste, sign) for taste in ("sweet", "sour", "salty", "bitter") * 2))
    other = made(in_key(0, "major"), set="own", tastes=["sweet"])  # doesn't count
    found = by_the_table([*rows, other], np.array([*loudness, 0.0]), RESAMPLES, SEED)
    assert found["set_by_us"].keys() == {"onset_rate", "articulation", "loudness", "mean_pitch"}
    assert found["left_to_the_composer"].keys() == {"onset_density", "dissonance"}
    for columns in found.values():
        for name, column in columns.items():
            if name != "onset_rate":  # which is the tempo times the density
                assert sign * column["value"] > 0.85, name
            assert column["count"] == 8


def test_what_does_not_differ_is_left_out_of_the_table():
    rows, loudness = zip(*(like_the_table(taste) for taste in ("sweet", "sour", "salty", "bitter")))
    found = by_the_table(rows, np.full(4, -20.0), RESAMPLES, SEED)
    assert "loudness" not in found["set_by_us"] and "articulation" in found["set_by_us"]
    silent = by_the_table(rows, np.array([-np.inf, *loudness[1:]]), RESAMPLES, SEED)
    assert silent["set_by_us"]["loudness"]["count"] == 3
