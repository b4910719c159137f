"""Whole pieces as sound: the same as from one rendering, at their level, in bounded memory."""

import tracemalloc

import numpy as np
import pytest

from reprise.audio import play
from reprise.audio.fluidsynth import open_synth
from reprise.audio.fonts import FONTS, locate
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.play import CHUNK, TAIL_S, play_piece
from reprise.errors import BadInput, FontError
from reprise.music.piece import Piece, note_table

FONT = locate(FONTS["TimGM6mb"])
RATE = 22050


def line(pitches, parts=(0,), programs=(0,), tempo=120.0) -> Piece:
    """A note a beat in each of `parts`."""
    rows = [(beat, 1.0, pitch, 80, part) for beat, pitch in enumerate(pitches) for part in parts]
    return Piece(note_table(rows), tempo, programs, (4, 4), "a line")


def level_db(samples):
    return 20 * np.log10(active_rms(window_rms(samples[None], RATE))[0])


def peak_hz(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()]


def test_notes_sound_when_and_as_high_as_they_are_written():
    samples = play_piece(line([69, 81], programs=(80,), tempo=60.0), FONT, RATE)  # a square lead: A4, then A5
    assert samples.dtype == np.float32 and len(samples) == round((2 + TAIL_S) * RATE)
    assert peak_hz(samples[RATE // 4 : 3 * RATE // 4]) == pytest.approx(440, rel=0.01)
    assert peak_hz(samples[5 * RATE // 4 : 7 * RATE // 4]) == pytest.approx(880, rel=0.01)
    assert np.abs(samples[-RATE // 2 :]).max() < 0.01


def test_chunks_leave_no_seam():
    """Chunks follow one another in one synth: the same samples as from one long chunk, notes held over seams too."""
    piece = line([60, 64, 67, 72] * 6, parts=(0, 1), programs=(0, 48))
    frames = round((piece.duration_s + TAIL_S) * RATE)
    assert frames > 2 * CHUNK
    with open_synth({FONT}, 1, RATE, reverb=False) as synth:
        for part, program in enumerate(piece.programs):
            synth.select(part, FONT, program)
        events = []
        for onset, duration, pitch, velocity, part in piece.notes.tolist():
            events += [(round(onset * RATE / 2), 1, part, pitch, velocity)]
            events += [(round((onset + duration) * RATE / 2), 0, part, pitch, 0)]
        events = [(frame, part, pitch, velocity) for frame, _, part, pitch, velocity in sorted(events)]
        whole = synth.play(events, frames)[0]
    played = play_piece(piece, FONT, RATE)
    before_fade = slice(0, -round(play.FADE_S * RATE))
    gain = np.abs(played).max() / np.abs(whole).max()
    assert np.allclose(played[before_fade], gain * whole[before_fade], atol=1e-6)


@pytest.mark.parametrize("pitches", [[60], [60, 64, 67] * 8])
def test_the_level_is_the_same_for_a_note_and_for_many(pitches):
    samples = play_piece(line(pitches, programs=(19,)), FONT, RATE)
    assert level_db(samples) == pytest.approx(play.LEVEL_DB, abs=0.2)


def test_a_peak_never_clips():
    drum = play_piece(line([60], programs=(115,)), FONT, RATE)  # a wood block: one sharp stroke, then silence
    assert np.abs(drum).max() <= play.PEAK + 1e-6


@pytest.mark.parametrize("part", [9, 15, 16, 40])
def test_every_part_has_its_own_instrument(part):
    """The tenth channel of MIDI is for drums, and a synth has 16 channels: neither may be heard."""
    alone = play_piece(line([60, 67], programs=(73,)), FONT, RATE)
    far = play_piece(line([60, 67], parts=(part,), programs=(0,) * part + (73,)), FONT, RATE)
    assert np.array_equal(alone, far)


def test_a_piece_without_notes_is_silent():
    samples = play_piece(Piece(note_table([]), 120.0, (0,)), FONT, RATE)
    assert len(samples) == round(TAIL_S * RATE) and not samples.any()


def test_what_cannot_be_played_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"a line: lasts 4,000 s; at most 3,600 s are played"):
        play_piece(line([60] * 4000, tempo=60.0), FONT, RATE)
    (tmp_path / "font.sf2").write_text("no font")
    with pytest.raises(FontError, match=r"font\.sf2"):
        play_piece(line([60]), tmp_path / "font.sf2", RATE)


def test_memory_grows_with_the_samples_alone():
    """Twelve parts: stems of their own would take 6 x 12 times the samples."""

    def peak_bytes(notes):
        piece = line([60] * notes, parts=range(12), programs=tuple(range(12)))
        tracemalloc.start()
        samples = play_piece(piece, FONT, RATE)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak, samples.nbytes

    (short, short_samples), (long, long_samples) = peak_bytes(40), peak_bytes(240)
    assert long - short < 4 * (long_samples - short_samples)
