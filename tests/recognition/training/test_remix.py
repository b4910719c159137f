"""New mixes of stems: powers add, levels and labels are as in rendered clips, instruments stay those of a clip."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from reprise.recognition.data import StemSet
from reprise.recognition.training.remix import MixRule, remix

MELS, FRAMES, WINDOWS, STEPS = 8, 16, 10, 4
RULE = MixRule(level_range_db=12.0, mix_level_db=(-26.0, -14.0), audible_db=-30.0, floor_db=-80.0)
EQUAL = MixRule(level_range_db=0.0, mix_level_db=(-20.0, -20.0), audible_db=-30.0, floor_db=-80.0)


def stems_of(clips: list[list[int]]) -> StemSet:
    """A stem for each instrument of each clip: one mel band, the instrument's, at -20 dB; RMS .1 throughout."""
    instruments = np.array([k for clip in clips for k in clip])
    arrays = np.full((len(instruments), MELS, FRAMES), -80, np.float16)
    arrays[np.arange(len(instruments)), instruments] = -20
    levels = np.full((len(instruments), WINDOWS), 0.1, np.float32)
    rows = np.split(np.arange(len(instruments)), np.cumsum([len(clip) for clip in clips])[:-1])
    return StemSet(arrays, levels, instruments, MELS, rows, np.array([1, 3, 6, 8]))


def mix(stems: StemSet, clips, rule: MixRule = RULE, swap: float = 0.0, steps: slice = slice(0, STEPS), seed: int = 0):
    return remix(stems, np.array(clips), rule, swap, steps, np.random.default_rng(seed))


def test_a_stem_alone_comes_at_the_level_of_the_mix():
    """RMS .1 is -20 dB: at -20 dB a stem is as it was cached; at -14 dB it is 6 dB louder."""
    stems = stems_of([[2]])
    x, _ = mix(stems, [0], EQUAL)
    torch.testing.assert_close(x[0, 2], torch.full((FRAMES,), -20.0), atol=0.02, rtol=0)
    louder, _ = mix(stems, [0], MixRule(0.0, (-14.0, -14.0), -30.0, -80.0))
    torch.testing.assert_close(louder[0, 2] - x[0, 2], torch.full((FRAMES,), 6.0), atol=0.02, rtol=0)


def test_powers_of_stems_add():
    """Two equal stems in one band: 3.01 dB above one, and each 3.01 dB softer for the mix to keep its level."""
    stems = stems_of([[2, 5]])
    stems.arrays[:, 2] = -20
    x, _ = mix(stems, [0], EQUAL)
    torch.testing.assert_close(x[0, 2], torch.full((FRAMES,), -20.0), atol=0.02, rtol=0)
    torch.testing.assert_close(x[0, 5], torch.full((FRAMES,), -23.01), atol=0.05, rtol=0)


@pytest.mark.parametrize("instruments", [[2], [2, 5, 6]])
@pytest.mark.parametrize("level_db", [-26.0, -14.0])
def test_silence_stays_at_the_floor(instruments, level_db):
    """As in a rendered clip: at any gain, of any number of stems."""
    x, _ = mix(stems_of([instruments]), [0], replace(EQUAL, mix_level_db=(level_db, level_db)))
    silent = [band for band in range(MELS) if band not in instruments]
    torch.testing.assert_close(x[0, silent], torch.full((len(silent), FRAMES), -80.0), atol=1e-3, rtol=0)


def test_the_level_of_mixes_is_drawn_over_its_range():
    stems = stems_of([[2]])
    levels = np.array([float(mix(stems, [0], seed=seed)[0][0, 2, 0]) for seed in range(200)])
    assert -26.05 <= levels.min() < -24 and -16 < levels.max() <= -13.95


def test_levels_are_drawn_over_the_range_of_the_clips():
    stems = stems_of([[1, 4]])
    between = [mix(stems, [0], seed=seed)[0][0] for seed in range(200)]
    apart = np.array([float(x[1, 0] - x[4, 0]) for x in between])
    assert np.abs(apart).max() <= 12.05 and apart.max() > 9 and apart.min() < -9


def test_instruments_stay_those_of_the_clip_and_silence_is_not_active():
    stems = stems_of([[0, 3], [3], [1, 2, 7], [0, 1, 2, 5]])
    stems.levels[1, 5:] = 0  # the second half of the first clip's second stem
    _, active = mix(stems, [3, 0, 2, 1])
    assert [np.flatnonzero(row.amax(1)).tolist() for row in active] == [[0, 1, 2, 5], [0, 3], [1, 2, 7], [3]]
    assert active[1, 3].tolist() == [1, 1, 0, 0] and active[1, 0].tolist() == [1] * STEPS


def test_a_part_far_below_the_mix_is_not_heard():
    """-40 dB for the last 8 of 10 windows, beside a steady part."""
    stems = stems_of([[0, 1]])
    stems.levels[1, 2:] = 0.001
    _, active = mix(stems, [0], EQUAL)
    assert active[0, 1].tolist() == [1, 0, 0, 0] and active[0, 0].all()


@pytest.mark.parametrize(("swap", "kinds"), [(0.0, 1), (1.0, 5)])
def test_swapped_stems_are_of_the_same_instrument(swap, kinds):
    """Five stems of instrument 2 that differ in level of another band."""
    stems = stems_of([[2]] * 5)
    stems.arrays[:, 6] = -np.arange(30, 55, 5)[:, None]
    heard = {round(float(mix(stems, [1], EQUAL, swap, seed=seed)[0][0, 6, 0])) for seed in range(60)}
    assert len(heard) == kinds
    _, active = mix(stems, [1], EQUAL, swap)
    assert np.flatnonzero(active[0].amax(1)).tolist() == [2]


def test_a_stretch_is_that_part_of_the_whole():
    stems = stems_of([[0, 3], [5]])
    stems.arrays[:, :, ::3] -= 10
    stems.levels[0, 4:] = 0
    whole, active = mix(stems, [0, 1])
    part, its_active = mix(stems, [0, 1], steps=slice(1, 3))
    assert torch.equal(part, whole[:, :, 4:12]) and torch.equal(its_active, active[:, :, 1:3])


def test_the_last_step_may_lack_frames():
    """Of 15 frames the network makes four steps too."""
    stems = stems_of([[0], [1]])
    short = replace(stems, arrays=stems.arrays[:, :, :15])
    x, active = mix(short, [0, 1], steps=slice(2, 4))
    assert x.shape == (2, MELS, 7) and active.shape == (2, MELS, 2)
