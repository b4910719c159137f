"""FluidSynth in process, offline and bit-reproducible.

pyfluidsynth loads the library and binds most of it; the calls it lacks are bound here. Each rendering gets a new
synth (a reused one is not order-free: its first notes depend on what it played before) that shares fonts loaded
once a process. Every part plays on a channel, an audio group and an effects group of its own, so the stems of a
piece come out of one pass.

Conventions: float32 samples, events on FluidSynth's blocks of 64 frames.
"""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import soundfile  # noqa: F401

from reprise.errors import FontError, RepriseError

# soundfile goes first: FluidSynth decodes SF3 fonts with libsndfile, the wheel's build and the system's share a soname,
# so the first one loaded serves both, and their Vorbis decoders differ by a bit. And where CI is set, pyfluidsynth
# prints where it found the library: that doesn't belong among results on stdout.
with contextlib.redirect_stdout(sys.stderr):
    import fluidsynth as fs

BLOCK = 64
GAIN = 0.2
POLYPHONY = 256
FX_BUFFERS = 4  # reverb left and right, chorus left and right

# SoundFont 2.04, section 8.1.2: generator numbers and units of the offsets.
GENERATORS = {
    "vibrato_cents": 6,
    "filter_cents": 8,
    "resonance_cb": 9,
    "attack_timecents": 34,
    "decay_timecents": 36,
    "release_timecents": 38,
    "tuning_cents": 52,
}
REVERB_SEND_CONTROLLER = 91

_ptr, _int, _float = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
_LogFunction = ctypes.CFUNCTYPE(None, _int, ctypes.c_char_p, _ptr)


def _bind(name: str, result: type | None, *arguments: type):
    function = getattr(fs._fl, name)
    function.restype, function.argtypes = result, arguments
    return function


_add_sfont = _bind("fluid_synth_add_sfont", _int, _ptr, _ptr)
_get_sfont = _bind("fluid_synth_get_sfont_by_id", _ptr, _ptr, _int)
_remove_sfont = _bind("fluid_synth_remove_sfont", _int, _ptr, _ptr)
_set_gen = _bind("fluid_synth_set_gen", _int, _ptr, _int, _int, _float)
_process = _bind("fluid_synth_process", _int, _ptr, _int, _int, _ptr, _int, _ptr)
_version = _bind("fluid_version_str", ctypes.c_char_p)
_set_log = _bind("fluid_set_log_function", _ptr, _int, _LogFunction, _ptr)
_silent = _LogFunction(lambda level, message, data: None)
for _level in range(5):  # preset warnings would drown the progress bar; every return code is checked instead
    _set_log(_level, _silent, None)


def library_version() -> str:
    """FluidSynth's version; its defaults changed at 2.4 and 2.6, so results name it."""
    return _version().decode()


def _settings(sample_rate: int, groups: int, reverb: bool) -> int:
    settings = fs.new_fluid_settings()
    fs.fluid_settings_setnum(settings, b"synth.sample-rate", float(sample_rate))
    fs.fluid_settings_setnum(settings, b"synth.gain", GAIN)
    for key, value in {
        b"synth.cpu-cores": 1,
        b"synth.polyphony": POLYPHONY,
        b"synth.audio-channels": groups,
        b"synth.audio-groups": groups,
        b"synth.effects-groups": groups,
        b"synth.reverb.active": int(reverb),
        b"synth.chorus.active": 0,
    }.items():
        if fs.fluid_settings_setint(settings, key, value) != 0:
            raise RepriseError(f"FluidSynth {library_version()} refuses the setting {key.decode()}={value}")
    return settings


@cache
def _shared_font(path: Path) -> int:
    """A font loaded once a process; its holder lives as long as the process.

    Raises:
        FontError: FluidSynth can't load the file.
    """
    holder = fs.new_fluid_synth(_settings(44100, 1, False))
    number = fs.fluid_synth_sfload(holder, str(path).encode(), 0)
    if number < 0:
        raise FontError(f"{path}: FluidSynth {library_version()} cannot load it; it must be an SF2 or SF3 sound font")
    return _get_sfont(holder, number)


class Synth:
    """A new synth with `parts` channels; use it through `open_synth`."""

    def __init__(self, handle: int, parts: int, fonts: dict[Path, int]) -> None:
        self.handle, self.parts, self.fonts = handle, parts, fonts

    def select(self, part: int, font: Path, program: int) -> None:
        """Give a part its instrument.

        Raises:
            FontError: the font has no such program.
        """
        if fs.fluid_synth_program_select(self.handle, part, self.fonts[font], 0, program) != 0:
            raise FontError(f"{font}: has no General MIDI program {program} in bank 0")

    def set_generator(self, part: int, name: str, offset: float) -> None:
        _set_gen(self.handle, part, GENERATORS[name], offset)

    def set_reverb(self, room: float, damping: float, level: float, send: int) -> None:
        """One room for all parts; `send` (0-127) is how much of each part goes into it."""
        fs.fluid_synth_set_reverb(self.handle, room, damping, 0.5, level)
        for part in range(self.parts):
            fs.fluid_synth_cc(self.handle, part, REVERB_SEND_CONTROLLER, send)

    def play(self, events: list[tuple[int, int, int, int]], frames: int) -> np.ndarray:
        """Render events to stems.

        Args:
            events: (frame, part, pitch, velocity), ordered; velocity 0 ends a note.
            frames: length of the result.

        Returns:
            float32[parts, frames]: each part's left and right averaged, its reverb included.
        """
        padded = -(-frames // BLOCK) * BLOCK
        dry = np.zeros((2 * self.parts, padded), np.float32)
        wet = np.zeros((FX_BUFFERS * self.parts, padded), np.float32)
        done = 0
        for frame, part, pitch, velocity in events:
            done = self._render_until(min(frame // BLOCK * BLOCK, padded), done, dry, wet)
            if velocity:
                fs.fluid_synth_noteon(self.handle, part, pitch, velocity)
            else:
                fs.fluid_synth_noteoff(self.handle, part, pitch)
        self._render_until(padded, done, dry, wet)
        both = dry.reshape(self.parts, 2, padded) + wet.reshape(self.parts, FX_BUFFERS, padded)[:, :2]
        return both.mean(axis=1)[:, :frames]

    def _render_until(self, frame: int, done: int, dry: np.ndarray, wet: np.ndarray) -> int:
        if frame > done:
            pointers = [
                (_ptr * len(buffer))(
                    *(buffer.ctypes.data + row * buffer.strides[0] + done * 4 for row in range(len(buffer)))
                )
                for buffer in (wet, dry)
            ]
            if _process(self.handle, frame - done, len(wet), pointers[0], len(dry), pointers[1]) != 0:
                raise RepriseError(f"FluidSynth {library_version()} failed to render")
        return max(frame, done)


@contextlib.contextmanager
def open_synth(fonts: set[Path], parts: int, sample_rate: int, reverb: bool) -> Iterator[Synth]:
    """A new synth that shares the loaded fonts; fonts are taken out before it is deleted, or they would go with it.

    Raises:
        FontError: a font can't be loaded.
    """
    shared = {font: _shared_font(font) for font in sorted(fonts)}
    settings = _settings(sample_rate, parts, reverb)
    handle = fs.new_fluid_synth(settings)
    try:
        yield Synth(handle, parts, {font: _add_sfont(handle, sfont) for font, sfont in shared.items()})
    finally:
        for sfont in shared.values():
            _remove_sfont(handle, sfont)
        fs.delete_fluid_synth(handle)
        fs.delete_fluid_settings(settings)
