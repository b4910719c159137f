"""The bytes of MIDI files: the events of a track, and the count of its notes that doesn't rest on them."""

import io

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.errors import MidiError
from reprise.music.readers.smf import META, NOTE_ON, count_notes, read_events

CHANNEL_MESSAGES = st.builds(
    lambda kind, channel, first, second: (kind | channel, first, second),
    st.sampled_from([0x80, 0x90, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0]),
    st.integers(0, 15),
    st.integers(0, 127),
    st.integers(0, 127),
)
OTHERS = st.binary(max_size=200).flatmap(
    lambda data: st.sampled_from([b"\xff\x01", b"\xff\x7f", b"\xf0", b"\xf7"]).map(lambda head: (head, data))
)


def number(value: int) -> bytes:
    """A number of 7 bits a byte, the lowest ones last."""
    low = bytes([value & 0x7F])
    return low if value < 128 else bytes(byte | 0x80 for byte in number(value >> 7)) + low


@st.composite
def tracks(draw) -> tuple[bytes, list[tuple[int, ...]]]:
    """A track, with running status wherever it can be, and its channel messages as (tick, status, data)."""
    track, messages, tick, before = b"", [], 0, 0
    for event in draw(st.lists(CHANNEL_MESSAGES | OTHERS, max_size=25)):
        wait = draw(st.integers(0, 200) | st.integers(0, (1 << 28) - 1))
        tick, track = tick + wait, track + number(wait)
        if len(event) == 2:
            track += event[0] + number(len(event[1])) + event[1]
            continue
        status, data = event[0], event[1:] if not 0xC0 <= event[0] < 0xE0 else event[1:2]
        track += (b"" if status == before else bytes([status])) + bytes(data)
        before = status
        messages.append((tick, status, *data))
    return track, messages


@given(tracks(), st.sampled_from([b"", b"\0\xff\x2f\0", b"\0\xff\x2f\0what follows is no music"]))
@settings(deadline=None, max_examples=60)
def test_events_and_notes_are_those_that_were_written(made, ending):
    track, messages = made
    found = [event for event in read_events(track + ending, "x") if event[1] != META]
    assert [event[: len(message)] for event, message in zip(found, messages, strict=True)] == messages
    assert count_notes(track + ending) == sum(m[1] & 0xF0 == NOTE_ON and m[-1] > 0 for m in messages)


def test_whatever_the_bytes_the_count_agrees_with_the_events_that_can_be_read():
    rng, read = np.random.default_rng(1), 0
    sound = b"\0\x90\x3c\x40\x60\x3c\0\0\xff\1\2ab\0\xc1\5\0\6\0\x91\x3c\x40\x81\0\xf0\1\xf7" * 4
    for _ in range(2000):
        track = bytearray(sound)
        for place in rng.integers(len(track), size=rng.integers(1, 4)):
            track[place] = rng.integers(256)
        try:
            events = list(read_events(bytes(track), "x"))
        except MidiError:
            continue
        read += 1
        assert count_notes(bytes(track)) == sum(e[1] & 0xF0 == NOTE_ON and e[3] > 0 for e in events if e[1] != META)
    assert 200 < read < 1800, "the changes are neither all fatal nor all harmless"


def test_events_are_those_that_mido_reads():
    file = mido.MidiFile(type=0)
    text = mido.MetaMessage("lyrics", text="la", time=7)
    notes = [mido.Message("note_on", note=60 + i % 7, velocity=i % 3 * 40, time=i) for i in range(60)]
    file.tracks.append(mido.MidiTrack([text, *notes, mido.Message("pitchwheel", pitch=-8000, time=900)]))
    buffer = io.BytesIO()
    file.save(file=buffer)
    (again,) = mido.MidiFile(file=io.BytesIO(buffer.getvalue())).tracks
    ticks = np.cumsum([message.time for message in again]).tolist()
    theirs = [(tick, *message.bytes()) for tick, message in zip(ticks, again) if not message.is_meta]
    ours = [event for event in read_events(buffer.getvalue()[22:], "x") if event[1] != META]
    assert ours == theirs


@pytest.mark.parametrize("cut", range(1, 11))
def test_a_track_that_breaks_off_is_refused(cut):
    track = b"\0\x90\x3c\x40" + b"\x81\0\xff\1\2ab"
    if cut == 4:
        assert list(read_events(track[:cut], "x"))
    else:
        with pytest.raises(MidiError, match="x: not a readable MIDI file"):
            list(read_events(track[:cut], "x"))
