"""Pieces to audio: what may vary, stems, levels, the mix.

Conventions: float32 mono in -1..1, levels in dB. The level of a stem is the RMS of the stretches where it sounds
(`levels.active_rms`), so that rests don't make an instrument louder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reprise.audio.fluidsynth import open_synth
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.params import RenderParams
from reprise.music.piece import Piece

FADE_S = 0.02
SILENCE = 1e-9
VARIED = (  # generators of a font, by the params of what they may be
    "filter_cents",
    "resonance_cb",
    "attack_timecents",
    "decay_timecents",
    "release_timecents",
    "tuning_cents",
    "vibrato_cents",
)


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


def draw_rendition(
    choices: Sequence[tuple[Path, ...]], clean: Path, params: RenderParams, rng: np.random.Generator
) -> Rendition:
    """Some parts on the font `clean` as it is, the others each on one of its choices, offset; all in one room, if any.

    Args:
        choices: for each part, the fonts that it may play on.
    """
    voices = []
    for fonts in choices:
        font = fonts[rng.integers(len(fonts))]
        varied = Voice(font, {name: float(rng.uniform(*getattr(params, name))) for name in VARIED})
        voices.append(Voice(clean) if rng.random() < params.plain_probability else varied)
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
