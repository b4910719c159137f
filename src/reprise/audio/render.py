"""Pieces to audio: what may vary, stems, levels, the mix.

Conventions: float32 mono in -1..1, levels in dB. The level of a stem is the RMS of the stretches where it sounds
(`active_rms`), so that rests don't make an instrument louder.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reprise.audio.fluidsynth import open_synth
from reprise.music.piece import Piece
from reprise.params import require, require_range

LEVEL_WINDOW_S = 0.1
ACTIVE_BELOW_PEAK_DB = 30.0
FADE_S = 0.02
SILENCE = 1e-9


@dataclass(frozen=True)
class RenderParams:
    """The `rendering` section: each range is [from, to], drawn uniformly."""

    sample_rate: int
    reverb_probability: float
    reverb_room: tuple[float, float]
    reverb_level: tuple[float, float]
    filter_cents: tuple[float, float]
    resonance_cb: tuple[float, float]
    attack_timecents: tuple[float, float]
    decay_timecents: tuple[float, float]
    release_timecents: tuple[float, float]
    tuning_cents: tuple[float, float]
    vibrato_cents: tuple[float, float]
    mix_level_db: tuple[float, float]
    clean_level_db: float
    audible_db: float
    open_samples: int
    ceiling_clips: int

    def __post_init__(self) -> None:
        require(8000 <= self.sample_rate <= 96000, "sample_rate", self.sample_rate, "from 8000 to 96000 Hz")
        require(0 <= self.reverb_probability <= 1, "reverb_probability", self.reverb_probability, "from 0 to 1")
        require_range("reverb_room", self.reverb_room, 0, 1)
        require_range("reverb_level", self.reverb_level, 0, 1)
        require_range("filter_cents", self.filter_cents, -12000, 12000)
        require_range("resonance_cb", self.resonance_cb, 0, 960)
        for key in ("attack_timecents", "decay_timecents", "release_timecents"):
            require_range(key, getattr(self, key), -12000, 12000)
        require_range("tuning_cents", self.tuning_cents, -100, 100)
        require_range("vibrato_cents", self.vibrato_cents, -100, 100)
        require_range("mix_level_db", self.mix_level_db, -60, 0)
        require(-60 <= self.clean_level_db <= 0, "clean_level_db", self.clean_level_db, "from -60 to 0")
        require(-60 <= self.audible_db < 0, "audible_db", self.audible_db, "from -60 to below 0")
        require(0 <= self.open_samples <= 100, "open_samples", self.open_samples, "from 0 to 100")
        require(self.ceiling_clips >= 0, "ceiling_clips", self.ceiling_clips, "0 or more")


@dataclass(frozen=True)
class Voice:
    """How one part sounds: its font and the offsets added to the font's generators."""

    font: Path
    generators: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendition:
    """How a piece sounds: a voice a part, the room, the level of the mix in dBFS RMS."""

    voices: tuple[Voice, ...]
    mix_level_db: float
    reverb: tuple[float, float, float, int] | None = None


def plain_rendition(parts: int, font: Path, params: RenderParams) -> Rendition:
    """One font as it is, no effects."""
    return Rendition((Voice(font),) * parts, params.clean_level_db)


def draw_rendition(parts: int, fonts: tuple[Path, ...], params: RenderParams, rng: np.random.Generator) -> Rendition:
    """Every part its own font and generator offsets; all in one room, or in none."""
    voices = []
    for _ in range(parts):
        font = fonts[rng.integers(len(fonts))]
        names = ("filter_cents", "resonance_cb", "attack_timecents", "decay_timecents", "release_timecents")
        names += ("tuning_cents", "vibrato_cents")
        voices.append(Voice(font, {name: float(rng.uniform(*getattr(params, name))) for name in names}))
    has_reverb = rng.random() < params.reverb_probability
    room, damping, level = rng.uniform(*params.reverb_room), rng.uniform(0, 1), rng.uniform(*params.reverb_level)
    reverb = (float(room), float(damping), float(level), 127) if has_reverb else None
    return Rendition(tuple(voices), float(rng.uniform(*params.mix_level_db)), reverb)


def render_stems(piece: Piece, rendition: Rendition, sample_rate: int, duration_s: float) -> np.ndarray:
    """The parts of a piece apart: float32[parts, round(duration_s * sample_rate)].

    Raises:
        FontError: a font is unreadable or lacks a program.
    """
    fonts = {voice.font for voice in rendition.voices}
    with open_synth(fonts, len(piece.programs), sample_rate, rendition.reverb is not None) as synth:
        for part, (program, voice) in enumerate(zip(piece.programs, rendition.voices, strict=True)):
            synth.select(part, voice.font, program)
            for name, offset in voice.generators.items():
                synth.set_generator(part, name, offset)
        if rendition.reverb:
            synth.set_reverb(*rendition.reverb)
        return synth.play(_events(piece, sample_rate), round(duration_s * sample_rate))


def _events(piece: Piece, sample_rate: int) -> list[tuple[int, int, int, int]]:
    frames_per_beat = piece.seconds_per_beat * sample_rate
    events = []
    for onset, duration, pitch, velocity, part in piece.notes.tolist():
        events.append((round(onset * frames_per_beat), 1, part, pitch, velocity))
        events.append((round((onset + duration) * frames_per_beat), 0, part, pitch, 0))
    events.sort()  # at the same frame notes end before others begin
    return [(frame, part, pitch, velocity) for frame, _, part, pitch, velocity in events]


def window_rms(stems: np.ndarray, sample_rate: int) -> np.ndarray:
    """RMS of each stem in windows of `LEVEL_WINDOW_S`: float[parts, windows]; the last window may be shorter."""
    window = round(LEVEL_WINDOW_S * sample_rate)
    starts = np.arange(0, stems.shape[1], window)
    lengths = np.diff(np.append(starts, stems.shape[1]))
    return np.sqrt(np.add.reduceat(np.square(stems, dtype=np.float64), starts, axis=1) / lengths)


def active_rms(levels: np.ndarray) -> np.ndarray:
    """RMS of each stem over its windows within `ACTIVE_BELOW_PEAK_DB` of its loudest: float[parts]."""
    active = levels >= levels.max(axis=1, keepdims=True) * 10 ** (-ACTIVE_BELOW_PEAK_DB / 20)
    return np.sqrt((np.square(levels) * active).sum(axis=1) / active.sum(axis=1))


def mix_stems(
    stems: np.ndarray, levels_db: np.ndarray, mix_level_db: float, sample_rate: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bring each stem to its level, sum, and bring the sum to the mix's level without clipping.

    Args:
        stems: float32[parts, frames].
        levels_db: level of each part relative to the others.
        mix_level_db: active RMS of the mix in dBFS; less where its peak would pass 0.98.

    Returns:
        The mix, float32[frames], and the stems as they are in it, float32[parts, frames].
    """
    own = active_rms(window_rms(stems, sample_rate))
    gains = 10 ** (np.asarray(levels_db) / 20) / np.maximum(own, SILENCE)
    stems = stems * gains[:, None].astype(np.float32)
    fade = round(FADE_S * sample_rate)
    stems[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    mix = stems.sum(axis=0)
    level = active_rms(window_rms(mix[None], sample_rate))[0]
    gain = min(10 ** (mix_level_db / 20) / max(level, SILENCE), 0.98 / max(float(np.abs(mix).max()), SILENCE))
    return mix * np.float32(gain), stems * np.float32(gain)
