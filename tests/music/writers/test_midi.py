"""MIDI files that we write: exact round trips on the 1/12-beat grid, and agreement with pretty_midi."""

import io

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.errors import MidiError
from reprise.music.analysis.keyfinding import parse_key
from reprise.music.piece import Piece, note_table
from reprise.music.readers.midi import read_midi
from reprise.music.writers.midi import midi_bytes


@st.composite
def pieces(draw) -> Piece:
    """Up to 15 parts on the grid; a pitch never overlaps itself within a part, since MIDI can't tell the two apart."""
    programs = draw(st.lists(st.integers(0, 127), min_size=1, max_size=15))
    rows = []
    for part in range(len(programs)):
        free = {}
        for _ in range(draw(st.integers(1, 6))):
            pitch, rest, length = draw(st.tuples(st.integers(0, 127), st.integers(0, 200), st.integers(1, 100)))
            onset = free.get(pitch, 0) + rest
            free[pitch] = onset + length
            rows.append((onset / 12, length / 12, pitch, draw(st.integers(1, 127)), part))
    metre = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 16), (2, 2)]))
    key = draw(st.just((None, None)) | st.tuples(st.integers(-7, 7), st.sampled_from(["major", "minor"])))
    return Piece(note_table(rows), draw(st.floats(20, 300)), tuple(programs), metre, "", *key)


@given(pieces())
@settings(deadline=None, max_examples=60)
def test_a_round_trip_on_the_grid_is_exact(piece):
    again = read_midi(midi_bytes(piece), "again")
    np.testing.assert_array_equal(
        again.notes[["pitch", "velocity", "part"]], piece.notes[["pitch", "velocity", "part"]]
    )
    for field in ("onset", "duration"):
        np.testing.assert_array_equal(np.round(again.notes[field] * 12), np.round(piece.notes[field] * 12))
        np.testing.assert_allclose(again.notes[field], piece.notes[field], rtol=0, atol=1e-9)
    assert (again.programs, again.metre) == (piece.programs, piece.metre)
    assert (again.key_fifths, again.key_mode) == (piece.key_fifths, piece.key_mode)
    assert again.tempo_bpm == pytest.approx(piece.tempo_bpm, rel=1e-5)  # MIDI has whole microseconds a beat
    assert midi_bytes(again) == midi_bytes(piece)


@given(pieces())
@settings(deadline=None, max_examples=25)
def test_pretty_midi_reads_the_same_notes(piece):
    content = midi_bytes(piece)
    reference = pretty_midi.PrettyMIDI(io.BytesIO(content))
    theirs = sorted(
        (round(note.start, 4), round(note.end, 4), note.pitch, note.velocity, instrument.program)
        for instrument in reference.instruments
        for note in instrument.notes
    )
    again = read_midi(content, "again")
    beat = again.seconds_per_beat
    ours = sorted(
        (round(onset * beat, 4), round((onset + duration) * beat, 4), pitch, velocity, again.programs[part])
        for onset, duration, pitch, velocity, part in again.notes.tolist()
    )
    assert [row[2:] for row in sorted(ours, key=lambda r: r[2:])] == [
        row[2:] for row in sorted(theirs, key=lambda r: r[2:])
    ]
    np.testing.assert_allclose([row[:2] for row in ours], [row[:2] for row in theirs], atol=2e-4)


@pytest.mark.parametrize(
    ("fifths", "mode", "key"),
    [
        (-1, "minor", "Dm"),
        (-1, "major", "F"),
        (-1, "aeolian", "Dm"),
        (0, "dorian", "C"),  # MIDI has no other modes
        (-1, None, "F"),
        (-7, "minor", "Abm"),
        (7, "minor", "A#m"),
    ],
)
def test_others_read_the_key_with_its_mode(fifths, mode, key):
    """By its name in mido, and in pretty_midi by its tonic's pitch class, 12 higher for minor."""
    content = midi_bytes(Piece(note_table([(0.0, 1.0, 60, 64, 0)]), 90.0, (0,), key_fifths=fifths, key_mode=mode))
    head = mido.MidiFile(file=io.BytesIO(content)).tracks[0]
    assert [message.key for message in head if message.type == "key_signature"] == [key]
    assert b"\xff\x59\x02" + bytes([fifths % 256, key.endswith("m")]) in content
    (theirs,) = pretty_midi.PrettyMIDI(io.BytesIO(content)).key_signature_changes
    assert theirs.key_number == parse_key(key).tonic + 12 * key.endswith("m")


def test_three_beats_at_90_bpm_last_two_seconds():
    piece = Piece(note_table([(0.0, 1.0, 60, 64, 0), (2.0, 1.0, 64, 64, 0)]), 90.0, (0,))
    assert piece.duration_s == pytest.approx(2.0)
    assert read_midi(midi_bytes(piece), "again").duration_s == pytest.approx(2.0, rel=1e-5)
    assert Piece(note_table([]), 90.0, ()).duration_s == 0.0


def test_the_tenth_part_keeps_off_the_drum_channel():
    rows = [(0.0, 1.0, 40 + part, 64, part) for part in range(15)]
    content = midi_bytes(Piece(note_table(rows), 120.0, tuple(range(15))))
    assert not any(instrument.is_drum for instrument in pretty_midi.PrettyMIDI(io.BytesIO(content)).instruments)
    assert read_midi(content, "again").programs == tuple(range(15))
    with pytest.raises(MidiError, match="16 parts"):
        midi_bytes(Piece(note_table(rows), 120.0, tuple(range(16))))


def test_a_part_must_have_a_program():
    with pytest.raises(ValueError, match="parts outside 0-0"):
        Piece(note_table([(0.0, 1.0, 60, 64, 1)]), 120.0, (0,))
