"""New mixes of cached stems: what training hears is never the same twice.

A mix has the instruments of a clip, so that what occurs how often is as in the corpus; each stem is the clip's own or
another one of the same instrument, and levels are drawn as the clips' own were. Powers are added: what two sounds of
one frequency do to each other's phase is left out.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reprise.audio.levels import active_rms
from reprise.recognition.data import StemSet
from reprise.recognition.model import TIME_STRIDE

LOG2_BY_DB = np.log2(10) / 10  # powers of two are cheaper than powers of ten


@dataclass(frozen=True)
class MixRule:
    """How clips are mixed, as `clips`, `rendering` and `spectrogram` in params.yaml say."""

    level_range_db: float
    mix_level_db: tuple[float, float]
    audible_db: float
    floor_db: float


def remix(
    stems: StemSet,
    clips: np.ndarray,
    rule: MixRule,
    swap_probability: float,
    steps: slice,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """A mix for each of `clips`, its stretch `steps` of the network's steps.

    Args:
        clips: places in `stems.clips`, int[B].
        swap_probability: share of stems that are replaced by another one of the same instrument.

    Returns:
        Spectrograms in dB, Tensor[B, M, T], and where each instrument can be heard, 0/1, Tensor[B, K, S].
    """
    frames = slice(steps.start * TIME_STRIDE, steps.stop * TIME_STRIDE)
    counts = [len(stems.clips[clip]) for clip in clips]
    mix_of = np.repeat(np.arange(len(clips)), counts)  # of each stem
    rows = _swap(stems, np.concatenate([stems.clips[clip] for clip in clips]), swap_probability, rng)
    gains, audible = _level(stems.levels[rows], mix_of, rule, rng)
    decibels = torch.from_numpy(stems.arrays[rows, :, frames]).float()
    floor = 10 ** (rule.floor_db / 10)
    above = (torch.exp2(decibels * LOG2_BY_DB) - floor).clamp_(min=0)  # so that silence stays at the floor at any gain
    power = torch.full((len(clips), *above.shape[1:]), floor)
    power.index_add_(0, torch.from_numpy(mix_of), above * torch.from_numpy(10 ** (gains / 10))[:, None, None])
    active = np.zeros((len(clips), stems.kinds, steps.stop - steps.start), np.float32)
    active[mix_of, stems.instruments[rows]] = audible[:, stems.step_windows[steps]]
    return torch.log2(power) / LOG2_BY_DB, torch.from_numpy(active)


def _swap(stems: StemSet, rows: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Some stems replaced by a random one of the same instrument."""
    for place in np.flatnonzero(rng.random(len(rows)) < probability):
        others = stems.of_instrument[int(stems.instruments[rows[place]])]
        rows[place] = others[rng.integers(len(others))]
    return rows


def _level(
    levels: np.ndarray, mix_of: np.ndarray, rule: MixRule, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Gains in dB, float32[R], that bring R stems to levels drawn by `rule`, and where each is audible, bool[R, W].

    As in `clips.render`, but for powers in place of samples: a part is audible where it isn't further below the level
    of its mix than `audible_db`.
    """
    first = np.flatnonzero(np.diff(mix_of, prepend=-1))
    relative = rng.uniform(-rule.level_range_db, 0, len(levels))
    gains = relative - np.maximum.reduceat(relative, first)[mix_of] - 20 * np.log10(active_rms(levels))
    placed = levels * 10 ** (gains[:, None] / 20)
    loudness = active_rms(np.sqrt(np.add.reduceat(np.square(placed), first)))
    audible = placed > loudness[mix_of, None] * 10 ** (rule.audible_db / 20)
    gains += (rng.uniform(*rule.mix_level_db, len(loudness)) - 20 * np.log10(loudness))[mix_of]
    return gains.astype(np.float32), audible
