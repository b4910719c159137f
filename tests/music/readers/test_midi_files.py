"""Anybody's MIDI files: what is read of them, what is left out and counted, and no damaged file that isn't refused."""

import io
import time

import mido
import numpy as np
import pretty_midi
import pytest

from reprise.errors import MidiError
from reprise.music.piece import Piece, note_table
from reprise.music.readers import midi
from reprise.music.readers.midi import read_midi
from reprise.music.writers.midi import midi_bytes

ON, OFF = mido.Message("note_on", note=60, velocity=64), mido.Message("note_off", note=60, time=480)


def file_of(*messages, ticks_per_beat: int = 480) -> bytes:
    """A MIDI file with one track."""
    return file_with([messages], ticks_per_beat)


def file_with(tracks, ticks_per_beat: int = 480) -> bytes:
    """A MIDI file with several tracks."""
    file = mido.MidiFile(type=int(len(tracks) > 1), ticks_per_beat=ticks_per_beat)
    file.tracks += [mido.MidiTrack(messages) for messages in tracks]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def key_of(piece: Piece) -> tuple[int | None, str | None]:
    return piece.key_fifths, piece.key_mode


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


def program(number: int, beats_later: int = 0) -> mido.Message:
    return mido.Message("program_change", program=number, time=480 * beats_later)


def test_a_program_holds_for_its_channel_whichever_track_says_so():
    """The violin (40) is named in the head, and the trumpet (56) takes over after two of four beats."""
    head = [program(40), program(56, beats_later=2)]
    piece = read_midi(file_with([head, beats(4)]), "x")
    assert piece.programs == (40, 56) and piece.notes["part"].tolist() == [0, 0, 1, 1]
    again = read_midi(file_with([beats(4), head]), "x")
    assert again.programs == (40, 56) and again.notes["part"].tolist() == [0, 0, 1, 1]
    assert read_midi(file_with([[message.copy(channel=1) for message in head], beats(4)]), "x").programs == (0,)


def test_a_program_named_after_a_note_began_is_the_next_note_s():
    piece = read_midi(file_of(ON, program(40), OFF, ON, OFF), "x")
    assert piece.programs == (0, 40) and piece.notes["part"].tolist() == [0, 1]


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


def test_a_tempo_after_the_last_note_counts_for_nothing_be_it_0():
    stop = mido.MetaMessage("set_tempo", tempo=0)
    piece = read_midi(file_of(tempo(90), *beats(2), stop), "x")
    assert piece.tempo_bpm == pytest.approx(90, rel=1e-5) and not piece.left_out
    with pytest.raises(MidiError, match="tempo of 0"):
        read_midi(file_of(*beats(1), stop, *beats(1)), "x")


def test_of_several_metres_the_longest_lasting_counts():
    assert read_midi(file_of(metre(3, 4), *beats(3), metre(2, 4), *beats(4)), "x").metre == (2, 4)
    assert read_midi(file_of(metre(3, 4), *beats(3), metre(2, 4), *beats(2), metre(3, 4)), "x").metre == (3, 4)
    assert read_midi(file_of(*beats(1)), "x").metre == (4, 4), "MIDI's default"


def test_a_shorter_first_bar_is_a_pickup_late_in_bar_0():
    """One beat, then bars of three: bar lines at 1, 4 ... of the file are at 3, 6 ... of the piece."""
    piece = read_midi(file_of(metre(1, 4), *beats(1), metre(3, 4), *beats(6)), "x")
    assert piece.metre == (3, 4) and piece.notes["onset"].tolist() == [2, 3, 4, 5, 6, 7, 8]


def test_percussion_is_left_out_and_counted():
    drum, melody = [message.copy(channel=9) for message in beats(2)], beats(1)
    piece = read_midi(file_of(*drum, *melody), "x")
    assert len(piece.notes) == 1 and piece.left_out == {"drum notes": 2}
    with pytest.raises(MidiError, match=r"no notes that can be used \(drum notes: 2\)"):
        read_midi(file_of(*drum), "x")


def test_a_note_of_no_length_costs_itself_alone():
    piece = read_midi(file_of(*beats(2), ON, OFF.copy(time=0), *beats(1)), "x")
    assert piece.notes["onset"].tolist() == [0, 1, 2] and piece.left_out == {"notes of no length": 1}


def test_a_note_that_never_ends_costs_itself_alone():
    piece = read_midi(file_of(ON.copy(note=72), *beats(3)), "x")
    assert piece.notes["pitch"].tolist() == [60] * 3 and piece.left_out == {"notes that never end": 1}
    other_channel = read_midi(file_of(ON, OFF.copy(channel=1), ON.copy(note=64), OFF.copy(note=64)), "x")
    assert other_channel.notes["pitch"].tolist() == [64] and other_channel.left_out == {"notes that never end": 1}


def test_changes_that_a_piece_has_no_place_for_are_counted():
    """The tempo changes at beats 1 and 2 and is said again at 3; the metre goes to 3/4 and back, the key once."""
    key = mido.MetaMessage("key_signature", key="G")
    first = [metre(4, 4), key.copy(key="C"), tempo(60), *beats(1), tempo(70), *beats(1), tempo(80), *beats(1)]
    then = [tempo(80), *beats(1), metre(3, 4), key, *beats(3), metre(4, 4), key, *beats(8), tempo(50), metre(2, 4)]
    piece = read_midi(file_of(*first, *then, key.copy(key="D")), "x")
    assert piece.left_out == {"tempo changes": 2, "metre changes": 2, "key changes": 1}
    assert (piece.metre, piece.key_fifths) == ((4, 4), 0)


def test_an_upbeat_is_no_change_of_metre():
    assert not read_midi(file_of(metre(1, 4), *beats(1), metre(3, 4), *beats(6)), "x").left_out
    whole_bar = read_midi(file_of(metre(3, 4), *beats(3), metre(3, 8), *beats(12)), "x")
    assert whole_bar.left_out == {"metre changes": 1}


def test_the_first_key_signature_is_the_piece_s():
    keys = [mido.MetaMessage("key_signature", key=name) for name in ("Ebm", "C")]
    assert key_of(read_midi(file_of(keys[0], ON, OFF, keys[1]), "x")) == (-6, "minor")
    assert key_of(read_midi(file_of(keys[1], ON, OFF, keys[0]), "x")) == (0, "major")
    assert key_of(read_midi(file_of(ON, OFF), "x")) == (None, None)


def test_a_key_changes_with_its_mode_alone_and_may_lack_one():
    """From F major to D minor; a mode of 2 is none, and so is one that isn't there."""
    keys = [mido.MetaMessage("key_signature", key=name) for name in ("F", "Dm")]
    assert read_midi(file_of(keys[0], ON, keys[1], OFF), "x").left_out == {"key changes": 1}
    for event in (b"\0\xff\x59\x02\0\2", b"\x80\0\xff\x59\x01\0"):
        assert key_of(read_midi(IN_KEY.replace(b"\0\xff\x59\x02\0\0", event), "x")) == (0, None)


def test_a_key_signature_that_can_be_none_is_passed_over():
    """Nine sharps in the place of none, and then two sharps."""
    key = mido.MetaMessage("key_signature", key="C")
    nine = file_of(key, key.copy(key="D"), ON, OFF).replace(b"\x59\x02\0\0", b"\x59\x02\x09\0")
    assert read_midi(nine, "x").key_fifths == 2
    assert read_midi(IN_KEY.replace(b"\x59\x02\0\0", b"\x59\x02\x7f\0"), "x").key_fifths is None


def test_running_status_goes_on_after_a_system_exclusive_message():
    """Three beats of which only the first says its status; F0 01 F7 stands between the first and the second."""
    events = b"\0\x90\x3c\x40\x60\x3c\0" + b"\0\xf0\x01\xf7" + b"\0\x3e\x40\x60\x3e\0" + b"\0\x40\x40\x60\x40\0"
    notes = read_midi(with_track(events + b"\0\xff\x2f\0"), "x").notes
    assert notes["pitch"].tolist() == [60, 62, 64] and notes["onset"].tolist() == [0, 1, 2]


def test_a_header_is_as_long_as_it_says():
    longer = GOOD[:7] + b"\x08" + GOOD[8:14] + b"\0\0" + GOOD[14:]
    assert np.array_equal(read_midi(longer, "x").notes, read_midi(GOOD, "x").notes)


def test_notes_that_go_missing_in_reading_are_no_piece(monkeypatch):
    """Held against a count that finds one note more, as if reading had lost one."""
    monkeypatch.setattr(midi, "count_notes", lambda track: 1 + len(beats(2)) // 2)
    with pytest.raises(MidiError, match="has 3 notes, but 2 were read and 0 left out"):
        read_midi(file_of(*beats(2)), "x")


def test_a_note_off_belongs_to_the_first_of_the_same_notes():
    piece = read_midi(file_of(ON, ON.copy(time=240, velocity=70), OFF.copy(time=240), OFF), "x")
    assert piece.notes[["onset", "duration", "velocity"]].tolist() == [(0.0, 1.0, 64), (0.5, 1.5, 70)]


GOOD = file_of(ON, OFF)
IN_KEY = file_of(mido.MetaMessage("key_signature", key="C"), ON, OFF)
IN_METRE = file_of(metre(3, 4), ON, OFF)


def with_track(events: bytes) -> bytes:
    """A file whose one track holds these bytes."""
    return b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk" + len(events).to_bytes(4, "big") + events


LONG_WAIT = b"\xff" * 199 + b"\x7f" + b"\x90<@" + b"\x60\x80<\0"  # a delta time of 1,400 bits, a note


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "not a readable MIDI file", id="empty"),
        pytest.param(b"These are words, not music.", "not a readable MIDI file", id="text"),
        pytest.param(GOOD[:30], "not a readable MIDI file", id="cut in the track"),
        pytest.param(GOOD[:13], "not a readable MIDI file", id="cut in the head"),
        pytest.param(file_of(ON), "notes that never end: 1", id="no note off"),
        pytest.param(file_of(OFF), "has no notes", id="note off alone"),
        pytest.param(file_of(tempo(120)), "has no notes", id="tempo alone"),
        pytest.param(file_of(ON, OFF.copy(time=0)), "notes of no length: 1", id="note of no length"),
        pytest.param(file_of(ON, OFF) + GOOD[14:], "says 1 tracks and has 2", id="more tracks than said"),
        pytest.param(GOOD[:10] + b"\0\2" + GOOD[12:], "says 2 tracks and has 1", id="fewer tracks than said"),
        pytest.param(GOOD[:10] + b"\0\xc9" + GOOD[12:], "201 tracks; at most 200", id="201 tracks"),
        pytest.param(GOOD[:8] + b"\0\2" + GOOD[10:], "type 2", id="type 2"),
        pytest.param(b"MThd" + bytes(20_000_000), "at most 20,000,000", id="20 MB"),
        pytest.param(IN_METRE.replace(b"\x58\x04\3", b"\x58\x04\0"), "metre 0/4", id="metre of 0"),
        pytest.param(file_of(ON, OFF.copy(time=100_001), ticks_per_beat=1), "longer than 100,000 beats", id="too long"),
        pytest.param(file_of(mido.MetaMessage("set_tempo", tempo=0), ON, OFF), "tempo", id="tempo of 0"),
        pytest.param(GOOD[:12] + b"\0\0" + GOOD[14:], "0 ticks a quarter note", id="0 ticks"),
        pytest.param(GOOD[:12] + b"\xe7\x28" + GOOD[14:], "SMPTE time (25 frames a second of 40 ticks)", id="SMPTE"),
        pytest.param(with_track(LONG_WAIT), "more than 4 bytes", id="endless wait"),
        pytest.param(GOOD[:7] + b"\5" + GOOD[8:], "header of 14 bytes", id="short header"),
        pytest.param(with_track(b"\0\x3c\x40"), "belongs to no event", id="running status of nothing"),
        pytest.param(with_track(b"\0\x90\xc0\x40"), "data above 127", id="data of 192"),
        pytest.param(with_track(b"\0\xf8"), "0xf8 in the place of an event", id="clock in a file"),
        pytest.param(with_track(b"\0\x90\x3c\x40\x60\x3c"), "middle of an event", id="cut in an event"),
        pytest.param(with_track(b"\0\xff\x01\x7fword"), "middle of an event", id="cut in a text"),
        pytest.param(with_track(b"\0\xc0\1" + b"\0\1" * 100_000), "over 100,000 times", id="100,001 programs"),
        pytest.param(with_track(b"\0\x90\x3c\1" + b"\0\x3c\1" * 1_000_000), "1,000,001 notes", id="too many notes"),
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
    for _ in range(300):
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
    assert 10 < read < 250, "the mutations are neither all fatal nor all harmless"
