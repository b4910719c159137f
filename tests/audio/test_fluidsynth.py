"""FluidSynth in process: what it can't load or play is an error, what it plays is what any FluidSynth plays."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import fluidsynth
import numpy as np
import pytest

from reprise.audio.fluidsynth import BLOCK, GAIN, GENERATORS, library_version, open_synth
from reprise.audio.fonts import FONTS, locate
from reprise.errors import FontError

RATE = 22050
SMALL, FLUID = locate(FONTS["TimGM6mb"]), locate(FONTS["FluidR3_GM"])
REVERB = (0.8, 0.2, 0.9, 127)


def play(font: Path, program: int, events, frames: int = RATE, reverb=None, generators=None) -> np.ndarray:
    """One part: float32[frames]. Events are (frame, pitch, velocity)."""
    with open_synth({font}, 1, RATE, reverb is not None) as synth:
        synth.select(0, font, program)
        for name, offset in (generators or {}).items():
            synth.set_generator(0, name, offset)
        if reverb:
            synth.set_reverb(*reverb)
        return synth.play([(frame, 0, pitch, velocity) for frame, pitch, velocity in events], frames)[0]


def patched(path: Path, chunk: bytes, size: int, change: Callable[[bytearray], bytes]) -> Path:
    """The small font at `path` with each record of one of its chunks changed."""
    content = bytearray(SMALL.read_bytes())
    start = content.index(chunk) + 8
    (length,) = struct.unpack_from("<I", content, start - 4)
    for record in range(start, start + length, size):
        content[record : record + size] = change(content[record : record + size])
    path.write_bytes(content)
    return path


# --- fonts that don't work


def test_a_program_that_the_font_lacks_is_named(tmp_path):
    def move_piano(record: bytearray) -> bytes:  # SoundFont 2.04, 7.2: name, preset, bank, ...
        preset, bank = struct.unpack_from("<HH", record, 20)
        return record[:22] + struct.pack("<H", 5 if (preset, bank) == (0, 0) else bank) + record[24:]

    font = patched(tmp_path / "no_piano.sf2", b"phdr", 38, move_piano)
    with pytest.raises(FontError, match=r"no_piano\.sf2: has no General MIDI program 0 in bank 0"):
        play(font, 0, [(0, 60, 100)])
    assert np.abs(play(font, 40, [(0, 60, 100)])).max() > 1e-3, "its violin is still there"


def test_a_pitch_without_a_sample_is_silent(tmp_path):
    """What a label must not be given for; the render stage's checks find it."""

    def narrow(record: bytearray) -> bytes:  # generator 43 is the key range; C5 upwards here
        return struct.pack("<HBB", 43, 72, 127) if record[0] == 43 and record[1] == 0 else bytes(record)

    font = patched(tmp_path / "high.sf2", b"pgen", 4, narrow)
    font = font if np.abs(play(font, 0, [(0, 60, 100)])).max() == 0 else None
    if font is None:  # this program sets its ranges in the instrument
        font = patched(tmp_path / "high_instruments.sf2", b"igen", 4, narrow)
    assert np.abs(play(font, 0, [(0, 60, 100)])).max() == 0
    assert np.abs(play(font, 0, [(0, 84, 100)])).max() > 1e-3


@pytest.mark.parametrize("kind", ["garbage", "empty", "text", "header alone", "cut in half", "folder", "missing"])
def test_a_corrupt_font_under_the_right_name_is_a_font_error(tmp_path, kind):
    path, whole = tmp_path / "TimGM6mb.sf2", SMALL.read_bytes()
    content = {
        "garbage": np.random.default_rng(0).bytes(100_000),
        "empty": b"",
        "text": b"not a font\n" * 99,
        "header alone": whole[:12],
        "cut in half": whole[: len(whole) // 2],
    }
    if kind == "folder":
        path.mkdir()
    elif kind in content:
        path.write_bytes(content[kind])
    for _ in range(2):  # the failure isn't remembered as a success
        with pytest.raises(FontError, match=r"TimGM6mb\.sf2: FluidSynth .* cannot load it"):
            play(path, 0, [(0, 60, 100)])


def test_after_a_failure_the_next_rendering_is_as_ever(tmp_path):
    before = play(SMALL, 0, [(0, 60, 100)])
    (tmp_path / "bad.sf2").write_bytes(b"bad")
    with pytest.raises(FontError), open_synth({SMALL, tmp_path / "bad.sf2"}, 1, RATE, False):
        pass
    with pytest.raises(FontError), open_synth({SMALL}, 1, RATE, False) as synth:
        synth.select(0, SMALL, 128)
    np.testing.assert_array_equal(play(SMALL, 0, [(0, 60, 100)]), before)


# --- what is played


def test_mono_is_the_mean_of_left_and_right():
    """Against pyfluidsynth's own stereo rendering, to within its 16 bits."""
    reference = fluidsynth.Synth(gain=GAIN, samplerate=RATE, **{"synth.reverb.active": 0, "synth.chorus.active": 0})
    try:
        font = reference.sfload(str(FLUID))
        reference.program_select(0, font, 0, 0)
        reference.noteon(0, 72, 120)
        stereo = reference.get_samples(RATE).reshape(-1, 2) / 32766
    finally:
        reference.delete()
    left, right = stereo.T
    assert np.abs(left - right).max() > 0.02, "the instrument is panned: the channels differ"
    ours = play(FLUID, 0, [(0, 72, 120)])
    np.testing.assert_allclose(ours, (left + right) / 2, atol=3 / 32768)
    assert np.abs(ours - left).max() > 0.01


def test_parts_play_apart():
    with open_synth({SMALL}, 3, RATE, True) as synth:
        for part, program in enumerate((0, 40, 73)):
            synth.select(part, SMALL, program)
        synth.set_reverb(*REVERB)
        stems = synth.play([(0, 0, 60, 100), (6400, 2, 72, 100)], RATE)
    assert stems.shape == (3, RATE) and stems.dtype == np.float32
    assert np.abs(stems[0]).max() > 1e-3 and np.abs(stems[2]).max() > 1e-3
    silence = 1e-7  # the reverb adds a constant of some 1e-8 against denormal numbers
    assert np.abs(stems[1]).max() < silence, "nothing leaks into a part without notes, reverb included"
    assert np.abs(stems[2, :6400]).max() < silence
    np.testing.assert_array_equal(stems[0], play(SMALL, 0, [(0, 60, 100)], reverb=REVERB))


@pytest.mark.parametrize("frame", [0, 63, 64, 1000, 11025])
def test_a_note_begins_in_its_block(frame):
    sound = play(SMALL, 0, [(frame, 72, 127)])
    first = int(np.flatnonzero(sound)[0])
    assert frame // BLOCK * BLOCK <= first <= frame + BLOCK


@pytest.mark.parametrize("frames", [1, 63, 64, 65, 22051])
def test_the_length_is_exact(frames):
    np.testing.assert_array_equal(
        play(SMALL, 16, [(0, 60, 100)], frames), play(SMALL, 16, [(0, 60, 100)], 30000)[:frames]
    )


def test_events_after_the_end_are_not_heard():
    assert not play(SMALL, 0, [(RATE + BLOCK, 60, 100), (2 * RATE, 60, 0)]).any()


def test_a_note_ends():
    organ = play(SMALL, 16, [(0, 60, 100), (RATE // 2, 60, 0)], 2 * RATE)
    assert np.abs(organ[: RATE // 2]).max() > 1e-2 and np.abs(organ[-RATE // 2 :]).max() < 1e-5


def test_reverb_rings_on():
    dry = play(SMALL, 16, [(0, 60, 100), (RATE // 4, 60, 0)], 2 * RATE)
    wet = play(SMALL, 16, [(0, 60, 100), (RATE // 4, 60, 0)], 2 * RATE, REVERB)
    tail = slice(RATE, 3 * RATE // 2)
    assert np.square(wet[tail]).mean() > 100 * np.square(dry[tail]).mean()


def test_tuning_moves_the_pitch_by_its_cents():
    """A square lead a quarter-tone up: the fundamental of A4 goes from 440 Hz to 440 * 2 ** (50 / 1200) = 452.9."""
    for cents in (0.0, 50.0):
        sound = play(SMALL, 80, [(0, 69, 100)], 2 * RATE, generators={"tuning_cents": cents})[RATE // 2 :]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
        hertz = np.fft.rfftfreq(8 * len(sound), 1 / RATE)
        near = (hertz > 420) & (hertz < 480)
        assert hertz[near][spectrum[near].argmax()] == pytest.approx(440 * 2 ** (cents / 1200), abs=1.5)


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_changes_the_sound(name):
    events = [(0, 60, 100), (RATE // 2, 60, 0)]
    plain = play(SMALL, 48, events)
    offset = {"filter_cents": -3000.0, "tuning_cents": 40.0, "vibrato_cents": 40.0, "resonance_cb": 200.0}
    changed = [play(SMALL, 48, events, generators={name: sign * offset.get(name, 2400.0)}) for sign in (1, -1)]
    assert all(np.isfinite(sound).all() for sound in changed)
    assert max(np.abs(sound - plain).max() for sound in changed) > 1e-4


def test_the_library_names_its_version():
    assert library_version().count(".") == 2 and int(library_version().split(".")[0]) >= 2


def output_of_import(modules: str, then: str = "") -> str:
    """What a new process prints that imports `modules` under CI, then runs `then`."""
    command = [sys.executable, "-c", f"import {modules}\n{then}"]
    return subprocess.run(command, env={**os.environ, "CI": "true"}, capture_output=True, text=True, check=True).stdout


def test_importing_it_leaves_stdout_alone():
    assert output_of_import("reprise.audio.fluidsynth") == ""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")
def test_sf3_fonts_are_decoded_by_the_libsndfile_of_soundfile():
    """The system's would decode Vorbis to other bits where the wheel carries its own and FluidSynth comes first."""

    def libraries(module: str) -> set[str]:
        maps = output_of_import(module, "print(open('/proc/self/maps').read())")
        return {line.split()[-1] for line in maps.splitlines() if "libsndfile" in line}

    assert libraries("reprise.audio.fluidsynth") == libraries("soundfile") != set()
