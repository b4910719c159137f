"""MIDI: exact round trips on the 1/12-beat grid, agreement with pretty_midi, and no damaged file that isn't refused."""

import io
import time

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.errors import MidiError
from reprise.music.midi import midi_bytes
from reprise.music.piece import Piece, note_table
from reprise.music.readers.midi import read_midi

ON, OFF = mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=480)


def file_of(*messages, ticks_per_beat: int = 480) -> bytes:
    """A one-track MIDI file."""
    file = mido.MidiFile(type=0, ticks_per_beat=ticks_per_beat)
    file.tracks.append(mido.MidiTrack(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


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
    key = draw(st.none() | st.integers(-7, 7))
    return Piece(note_table(rows), draw(st.floats(20, 300)), tuple(programs), metre, key_fifths=key)


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
    assert (again.programs, again.metre, again.key_fifths) == (piece.programs, piece.metre, piece.key_fifths)
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


def test_channels_of_one_track_are_parts():
    second = [message.copy(channel=3, time=0) for message in (mido.Message("program_change", program=40), ON)]
    piece = read_midi(file_of(ON, *second, OFF, OFF.copy(channel=3, time=0)), "two")
    assert piece.programs == (0, 40) and piece.notes["part"].tolist() == [0, 1]


def test_a_note_on_without_velocity_ends_a_note():
    piece = read_midi(file_of(ON, ON.copy(velocity=0, time=240)), "x")
    assert piece.notes["duration"].tolist() == [0.5]


def test_a_program_that_changes_during_a_note_doesn_t_keep_it_from_ending():
    piece = read_midi(file_of(ON, mido.Message("program_change", program=40, time=240), OFF.copy(time=240)), "x")
    assert piece.notes["duration"].tolist() == [1.0] and piece.programs == (0,)


def tempo(bpm: float, beats_later: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=480 * beats_later)


def metre(numerator: int, denominator: int, beats_later: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator, time=480 * beats_later)


def beats(count: int) -> list[mido.Message]:
    """Notes of one beat, one after the other."""
    return [ON, OFF] * count


def test_one_tempo_said_twice_is_one_tempo():
    assert read_midi(file_of(tempo(90), ON, OFF, tempo(90)), "x").tempo_bpm == pytest.approx(90, rel=1e-5)
    assert read_midi(file_of(ON, OFF), "x").tempo_bpm == 120.0, "MIDI's default"


def test_of_several_tempos_the_mean_counts_beats_over_minutes():
    """Two beats at 60 BPM take 2 s, two at 120 take 1 s: four beats in 3 s are 80 BPM."""
    changing = file_of(tempo(60), *beats(2), tempo(120), *beats(2))
    assert read_midi(changing, "x").tempo_bpm == pytest.approx(80)
    after_the_end = file_of(tempo(60), *beats(2), tempo(120, beats_later=50))
    assert read_midi(after_the_end, "x").tempo_bpm == pytest.approx(60)
    assert read_midi(changing, "x").duration_s == pytest.approx(
        pretty_midi.PrettyMIDI(io.BytesIO(changing)).get_end_time()
    )


def test_of_several_metres_the_longest_lasting_counts():
    assert read_midi(file_of(metre(3, 4), *beats(3), metre(2, 4), *beats(4)), "x").metre == (2, 4)
    assert read_midi(file_of(metre(3, 4), *beats(3), metre(2, 4), *beats(2), metre(3, 4)), "x").metre == (3, 4)
    assert read_midi(file_of(*beats(1)), "x").metre == (4, 4), "MIDI's default"


def test_a_shorter_first_bar_is_a_pickup_late_in_bar_0():
    """One beat, then bars of three: bar lines at 1, 4 ... of the file are at 3, 6 ... of the piece."""
    piece = read_midi(file_of(metre(1, 4), *beats(1), metre(3, 4), *beats(6)), "x")
    assert piece.metre == (3, 4) and piece.notes["onset"].tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_percussion_is_left_out():
    drum, melody = [message.copy(channel=9) for message in beats(2)], beats(1)
    assert len(read_midi(file_of(*drum, *melody), "x").notes) == 1
    with pytest.raises(MidiError, match=r"no notes but percussion"):
        read_midi(file_of(*drum), "x")


def test_the_first_key_signature_is_the_piece_s():
    keys = [mido.MetaMessage("key_signature", key=name) for name in ("Ebm", "C")]
    assert read_midi(file_of(keys[0], ON, OFF, keys[1]), "x").key_fifths == -6
    assert read_midi(file_of(ON, OFF), "x").key_fifths is None


def test_a_note_off_belongs_to_the_first_of_the_same_notes():
    piece = read_midi(file_of(ON, ON.copy(time=240, velocity=70), OFF.copy(time=240), OFF), "x")
    assert piece.notes[["onset", "duration", "velocity"]].tolist() == [(0.0, 1.0, 64), (0.5, 1.5, 70)]


GOOD = file_of(ON, OFF)
IN_KEY = file_of(mido.MetaMessage("key_signature", key="C"), ON, OFF)
IN_METRE = file_of(metre(3, 4), ON, OFF)
LONG_WAIT = b"\xff" * 199 + b"\x7f" + b"\x90<@" + b"\x60\x80<\0"  # a delta time of 1,400 bits, a note


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "not a readable MIDI file", id="empty"),
        pytest.param(b"These are words, not music.", "not a readable MIDI file", id="text"),
        pytest.param(GOOD[:30], "not a readable MIDI file", id="cut in the track"),
        pytest.param(GOOD[:13], "not a readable MIDI file", id="cut in the head"),
        pytest.param(file_of(ON), "never ends", id="no note off"),
        pytest.param(file_of(ON, ON, OFF), "never ends", id="one note off for two"),
        pytest.param(file_of(OFF), "has no notes", id="note off alone"),
        pytest.param(file_of(tempo(120)), "has no notes", id="tempo alone"),
        pytest.param(file_of(ON, OFF.copy(time=0)), "lasts no time", id="note of no length"),
        pytest.param(file_of(ON, OFF) + GOOD[14:], "says 1 tracks and has 2", id="more tracks than said"),
        pytest.param(GOOD[:10] + b"\0\2" + GOOD[12:], "says 2 tracks and has 1", id="fewer tracks than said"),
        pytest.param(GOOD[:10] + b"\0\xc9" + GOOD[12:], "201 tracks; at most 200", id="201 tracks"),
        pytest.param(GOOD[:8] + b"\0\2" + GOOD[10:], "type 2", id="type 2"),
        pytest.param(b"MThd" + bytes(20_000_000), "at most 20,000,000", id="20 MB"),
        pytest.param(IN_METRE.replace(b"\x58\x04\3", b"\x58\x04\0"), "metre 0/4", id="metre of 0"),
        pytest.param(file_of(ON, OFF.copy(time=100_001), ticks_per_beat=1), "longer than 100,000 beats", id="too long"),
        pytest.param(file_of(mido.MetaMessage("set_tempo", tempo=0), ON, OFF), "tempo", id="tempo of 0"),
        pytest.param(GOOD[:12] + b"\0\0" + GOOD[14:], "ticks a beat", id="0 ticks"),
        pytest.param(GOOD[:12] + b"\xe7\x28" + GOOD[14:], "ticks a beat", id="SMPTE time"),
        pytest.param(IN_KEY.replace(b"\x59\x02\0\0", b"\x59\x02\x7f\x7f"), "127 sharps", id="127 sharps"),
        pytest.param(GOOD[:18] + len(LONG_WAIT).to_bytes(4, "big") + LONG_WAIT, "not a readable", id="endless wait"),
    ],
)
def test_damaged_files_are_refused_by_name(content, why):
    with pytest.raises(MidiError, match=r"^broken\.mid: ") as error:
        read_midi(content, "broken.mid")
    assert why in str(error.value)


def test_mutated_files_give_a_piece_or_a_midi_error_and_soon():
    rng = np.random.default_rng(1)
    rows = [(index / 4, 0.25, 40 + index % 50, 80, index % 4) for index in range(100)]
    good = midi_bytes(Piece(note_table(rows), 100.0, (0, 24, 48, 72)))
    slowest, read = 0.0, 0
    for _ in range(600):
        content = bytearray(good)
        for _ in range(rng.integers(1, 6)):
            content[rng.integers(len(content))] = rng.integers(256)
        if rng.random() < 0.2:
            del content[rng.integers(len(content)) :]
        began = time.perf_counter()
        try:
            piece = read_midi(bytes(content), "mutated.mid")
            assert len(piece.notes) and piece.notes["part"].max() < len(piece.programs)
            assert np.isfinite(piece.duration_s) and piece.notes["velocity"].min() >= 1
            read += 1
        except MidiError:
            pass
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < 1.0
    assert 20 < read < 500, "the mutations are neither all fatal nor all harmless"
