"""Keys that a musician can check, keys as people write them, and the one finder against music21's with its profiles."""

import music21
import numpy as np
import pytest
from music21.analysis.discrete import AardenEssen

from reprise.errors import ParamsError
from reprise.music.analysis import keyfinding
from reprise.music.analysis.keyfinding import MODES, TONICS, Key, find_key, key_correlations, parse_key
from reprise.music.piece import Piece, note_table

C_MAJOR, A_MINOR = [60, 64, 67, 65, 69, 72, 67, 71, 74, 60], [57, 60, 64, 62, 65, 69, 64, 68, 71, 57]


def line(pitches) -> Piece:
    return Piece(note_table([(float(i), 1.0, pitch, 64, 0) for i, pitch in enumerate(pitches)]), 120.0, (0,))


@pytest.mark.parametrize(
    ("pitches", "key"),
    [
        (C_MAJOR, "C major"),
        (A_MINOR, "A minor"),
        ([pitch + 6 for pitch in C_MAJOR], "F# major"),
        ([pitch + 1 for pitch in A_MINOR], "Bb minor"),
    ],
)
def test_i_iv_v_i_is_in_the_key_of_its_i(pitches, key):
    assert find_key(line(pitches)).name == key


def test_all_twelve_alike_and_no_note_at_all_are_in_no_key():
    assert find_key(line(range(60, 72))) is None and find_key(line([])) is None


def test_it_is_music21_s_algorithm_with_other_profiles(monkeypatch):
    """music21 centres and correlates as Krumhansl did; with its profiles our correlations are its own."""
    theirs = AardenEssen()
    monkeypatch.setattr(keyfinding, "PROFILES", {mode: tuple(theirs.getWeights(mode)) for mode in MODES})
    pitches = np.random.default_rng(0).integers(48, 72, 40).tolist()
    stream = music21.stream.Stream([music21.note.Note(pitch, quarterLength=1) for pitch in pitches])
    ours = key_correlations(line(pitches))
    for key in (stream.analyze("key.aardenessen"), *stream.analyze("key.aardenessen").alternateInterpretations):
        row, tonic = MODES.index(key.mode), key.tonic.pitchClass
        assert ours[row, tonic] == pytest.approx(key.correlationCoefficient, abs=1e-9)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tonic", range(12))
def test_names_and_signatures_are_music21_s(tonic, mode):
    key = Key(tonic, mode)
    theirs = music21.key.Key(TONICS[mode][tonic].replace("b", "-"), mode)
    assert key.fifths == theirs.sharps and -6 <= key.fifths <= 6
    assert parse_key(key.name) == key


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("D minor", "D minor"),
        ("d minor", "D minor"),
        ("Dm", "D minor"),
        ("dm", "D minor"),
        ("d", "D minor"),
        ("C", "C major"),
        ("CM", "C major"),
        ("F♯ minor", "F# minor"),
        ("f# MINOR", "F# minor"),
        ("Bb", "Bb major"),
        ("bb", "Bb minor"),
        ("b", "B minor"),
        ("b-flat major", "Bb major"),
        ("B flat", "Bb major"),
        ("B-  minor", "Bb minor"),
        ("B-", "Bb major"),
        ("d-moll", "D minor"),
        ("C-Dur", "C major"),
        ("G-major", "G major"),
        ("a moll", "A minor"),
        ("Es dur", None),
        ("C# major", "Db major"),
        (" D  major ", "D major"),
        ("Cmajor", "C major"),
        ("Ebmaj", "Eb major"),
    ],
)
def test_keys_as_people_write_them(written, name):
    if name is None:
        with pytest.raises(ParamsError):
            parse_key(written)
    else:
        assert parse_key(written).name == name


@pytest.mark.parametrize("key", ["H major", "major", "C##  major", "c major minor", " ", "1 major", "D dorian"])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(ParamsError, match=f"key: is '{key}'; it must be a tonic and a mode"):
        parse_key(key)
