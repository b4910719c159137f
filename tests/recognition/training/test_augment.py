"""Augmentation: each part of it does what it says, and the same generator draws the same batch."""

from dataclasses import replace

import pytest
import torch

from reprise.recognition.training.augment import AugmentParams, augment, equalizer, mask

FLOOR = -80.0
BATCH, MELS, FRAMES = 16, 64, 48
NOTHING = AugmentParams(
    crop_frames=32,
    swap_probability=0.0,
    gain_db=0.0,
    equalizer_db=0.0,
    noise_db=(-200.0, -200.0),
    mask_bands=0,
    mask_frames=0,
)
EVERYTHING = AugmentParams(
    crop_frames=32,
    swap_probability=0.5,
    gain_db=6.0,
    equalizer_db=3.0,
    noise_db=(-80.0, -50.0),
    mask_bands=16,
    mask_frames=12,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def batch():
    """Spectrograms in dB."""
    return -60 + 50 * torch.rand(BATCH, MELS, FRAMES, generator=generator(1))


def test_nothing_asked_for_is_nothing_done(batch):
    torch.testing.assert_close(augment(batch, NOTHING, FLOOR, generator()), batch, atol=1e-4, rtol=0)


def test_the_same_generator_draws_the_same_batch_and_leaves_its_input(batch):
    before = batch.clone()
    first = augment(batch, EVERYTHING, FLOOR, generator(5))
    torch.manual_seed(99)  # the global generator must not matter
    assert torch.equal(first, augment(batch, EVERYTHING, FLOOR, generator(5)))
    assert not torch.equal(first, augment(batch, EVERYTHING, FLOOR, generator(6)))
    assert torch.equal(batch, before)


def test_shapes_stay_and_values_stay_finite(batch):
    batch[0] = FLOOR
    out = augment(batch, EVERYTHING, FLOOR, generator())
    assert out.shape == batch.shape and out.dtype == torch.float32
    assert torch.isfinite(out).all() and out.min() >= FLOOR - 1e-3


def test_a_gain_moves_a_whole_clip(batch):
    moved = augment(batch, replace(NOTHING, gain_db=6.0), FLOOR, generator()) - batch
    for clip in moved:
        torch.testing.assert_close(clip, clip.mean().expand_as(clip), atol=1e-3, rtol=0)
    gains = moved.mean(dim=(1, 2))
    assert gains.abs().max() <= 6.001 and gains.max() > 2 and gains.min() < -2


def test_noise_is_a_floor_not_a_change_of_what_is_louder():
    loud, silent = torch.full((1, 8, 8), -10.0), torch.full((1, 8, 8), -200.0)
    params = replace(NOTHING, noise_db=(-50.0, -50.0))
    torch.testing.assert_close(augment(loud, params, FLOOR, generator()), loud, atol=1e-3, rtol=0)
    filled = augment(silent, params, FLOOR, generator())
    torch.testing.assert_close(filled, torch.full_like(filled, -50.0), atol=1e-3, rtol=0)


def test_the_equalizer_is_a_smooth_curve_over_frequency():
    curve = equalizer(200, MELS, 3.0, generator())
    assert curve.shape == (200, MELS, 1)
    assert curve.abs().max() > 2 and curve.mean().abs() < 0.5
    assert curve.diff(dim=1).abs().max() < 3, "no jumps between neighbouring bands"
    assert not equalizer(5, MELS, 0.0, generator()).any()


def stretches(hidden: torch.Tensor) -> list[int]:
    """Lengths of the runs of True."""
    return [len(run) for run in "".join("01"[value] for value in hidden.int().tolist()).split("0") if run]


def test_masks_hide_two_stretches_of_frequency_and_one_of_time():
    params = replace(NOTHING, mask_bands=8, mask_frames=6)
    masked = mask(torch.zeros(400, MELS, FRAMES), params, FLOOR, generator())
    assert set(masked.unique().tolist()) == {0.0, FLOOR}
    widths, lengths = set(), set()
    for clip in masked:
        bands, frames = (clip == FLOOR).all(dim=1), (clip == FLOOR).all(dim=0)
        assert ((clip == FLOOR) == (bands[:, None] | frames[None, :])).all()
        assert len(stretches(bands)) <= 2 and len(stretches(frames)) <= 1
        assert sum(stretches(bands)) <= 16
        widths |= set(stretches(bands)) if len(stretches(bands)) == 2 else set()
        lengths |= set(stretches(frames))
    assert max(widths) == 8 and max(lengths) == 6, "the widest is as wide as asked"


def test_masks_reach_every_band_and_frame():
    masked = mask(torch.zeros(4000, 16, 16), replace(NOTHING, mask_bands=4, mask_frames=4), FLOOR, generator())
    assert (masked == FLOOR).all(dim=2).any(dim=0).all(), "the highest band too"
    assert (masked == FLOOR).all(dim=1).any(dim=0).all(), "the last frame too"


def test_masks_wider_than_the_picture_still_fit():
    masked = mask(torch.zeros(50, 4, 4), replace(NOTHING, mask_bands=100, mask_frames=100), FLOOR, generator())
    assert masked.shape == (50, 4, 4)
