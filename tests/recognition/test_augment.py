"""Augmentation: sounds add as powers, labels with them, and the same generator draws the same batch."""

from dataclasses import replace

import pytest
import torch

from reprise.recognition.augment import AugmentParams, augment, equalizer, mask, mix, shift

FLOOR = -80.0
BATCH, MELS, FRAMES, INSTRUMENTS, STEPS = 16, 64, 48, 12, 12
NOTHING = AugmentParams(
    crop_frames=32,
    mix_probability=0.0,
    mix_range_db=0.0,
    gain_db=0.0,
    equalizer_db=0.0,
    shift_bands=0,
    noise_db=(-200.0, -200.0),
    mask_bands=0,
    mask_frames=0,
)
EVERYTHING = AugmentParams(
    crop_frames=32,
    mix_probability=0.5,
    mix_range_db=10.0,
    gain_db=6.0,
    equalizer_db=3.0,
    shift_bands=2,
    noise_db=(-80.0, -50.0),
    mask_bands=16,
    mask_frames=12,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def batch():
    """Spectrograms in dB, one or two labels each, activity."""
    draw = generator(1)
    x = -60 + 50 * torch.rand(BATCH, MELS, FRAMES, generator=draw)
    labels = torch.zeros(BATCH, INSTRUMENTS)
    for row in range(BATCH):
        labels[row, [row % 12, (3 * row) % 12]] = 1
    active = labels.unsqueeze(-1) * (torch.rand(BATCH, INSTRUMENTS, STEPS, generator=draw) < 0.5)
    return x, labels, active


# --- mixing


def test_two_equal_clips_together_are_3_db_louder(batch):
    """10 log10(2) = 3.0103 dB."""
    x, labels, active = batch
    same = x[:1].expand(4, -1, -1)
    params = replace(NOTHING, mix_probability=1.0)
    mixed, _, _ = mix(same, labels[:4], active[:4], params, generator())
    torch.testing.assert_close(mixed, same + 3.0103, atol=1e-3, rtol=0)


def test_a_clip_10_db_softer_adds_0_4_db(batch):
    """10 log10(1 + 0.1) = 0.414 dB: mixed clips gain from 0.414 (softest) to 3.010 dB (equal)."""
    x, labels, active = batch
    same = x[:1].expand(BATCH, -1, -1)
    few = torch.zeros_like(labels)
    gain = mix(same, few, active, replace(NOTHING, mix_probability=1.0, mix_range_db=10.0), generator())[0] - same
    assert gain.min() > 0.41 and gain.max() < 3.02 and gain.max() - gain.min() > 1


def test_labels_and_activity_of_a_mix_are_those_of_both(batch):
    x, labels, active = batch
    mixed, both, sounding = mix(x, labels, active, replace(NOTHING, mix_probability=1.0), generator())
    for row in range(BATCH):
        assert labels[row].sum() + labels[row - 1].sum() <= 4
        assert torch.equal(both[row], torch.maximum(labels[row], labels[row - 1]))
        assert torch.equal(sounding[row], torch.maximum(active[row], active[row - 1]))
        power = 10 ** (x[row] / 10) + 10 ** (x[row - 1] / 10)
        torch.testing.assert_close(mixed[row], 10 * torch.log10(power), atol=1e-3, rtol=0)


def test_crowds_are_not_mixed(batch):
    x, _, active = batch
    labels = torch.zeros(BATCH, INSTRUMENTS)
    labels[:, :4] = 1
    mixed, both, sounding = mix(x, labels, active, replace(NOTHING, mix_probability=1.0), generator())
    assert torch.equal(mixed, x) and torch.equal(both, labels) and torch.equal(sounding, active)


def test_some_are_mixed_and_the_others_left(batch):
    x, labels, active = batch
    mixed, both, _ = mix(x, labels, active, replace(NOTHING, mix_probability=0.5), generator(3))
    left = [row for row in range(BATCH) if torch.equal(mixed[row], x[row])]
    assert 2 <= len(left) <= 14
    assert all(torch.equal(both[row], labels[row]) for row in left)


# --- the rest


def test_nothing_asked_for_is_nothing_done(batch):
    x, labels, active = batch
    same, its_labels, its_active = augment(x, labels, active, NOTHING, FLOOR, generator())
    torch.testing.assert_close(same, x, atol=1e-4, rtol=0)
    assert torch.equal(its_labels, labels) and torch.equal(its_active, active)


def test_the_same_generator_draws_the_same_batch_and_leaves_its_input(batch):
    before = [values.clone() for values in batch]
    first = augment(*batch, EVERYTHING, FLOOR, generator(5))
    torch.manual_seed(99)  # the global generator must not matter
    second = augment(*batch, EVERYTHING, FLOOR, generator(5))
    assert all(torch.equal(a, b) for a, b in zip(first, second))
    assert not torch.equal(first[0], augment(*batch, EVERYTHING, FLOOR, generator(6))[0])
    assert all(torch.equal(a, b) for a, b in zip(batch, before))


def test_shapes_stay_and_values_stay_finite(batch):
    x, labels, active = batch
    x[0] = FLOOR
    out = augment(x, labels, active, EVERYTHING, FLOOR, generator())
    assert [values.shape for values in out] == [values.shape for values in batch]
    assert torch.isfinite(out[0]).all() and out[0].dtype == torch.float32 and out[0].min() >= FLOOR - 1e-3
    assert set(out[1].unique().tolist()) <= {0.0, 1.0} and set(out[2].unique().tolist()) <= {0.0, 1.0}


def test_a_gain_moves_a_whole_clip(batch):
    x, labels, active = batch
    moved = augment(x, labels, active, replace(NOTHING, gain_db=6.0), FLOOR, generator())[0] - x
    for clip in moved:
        torch.testing.assert_close(clip, clip.mean().expand_as(clip), atol=1e-3, rtol=0)
    gains = moved.mean(dim=(1, 2))
    assert gains.abs().max() <= 6.001 and gains.max() > 2 and gains.min() < -2


def test_noise_is_a_floor_not_a_change_of_what_is_louder():
    loud, silent = torch.full((1, 8, 8), -10.0), torch.full((1, 8, 8), -200.0)
    params = replace(NOTHING, noise_db=(-50.0, -50.0))
    none = torch.zeros(1, 12), torch.zeros(1, 12, 2)
    torch.testing.assert_close(augment(loud, *none, params, FLOOR, generator())[0], loud, atol=1e-3, rtol=0)
    filled = augment(silent, *none, params, FLOOR, generator())[0]
    torch.testing.assert_close(filled, torch.full_like(filled, -50.0), atol=1e-3, rtol=0)


def test_the_equalizer_is_a_smooth_curve_over_frequency():
    curve = equalizer(200, MELS, 3.0, generator())
    assert curve.shape == (200, MELS, 1)
    assert curve.abs().max() > 2 and curve.mean().abs() < 0.5
    assert curve.diff(dim=1).abs().max() < 3, "no jumps between neighbouring bands"
    assert not equalizer(5, MELS, 0.0, generator()).any()


def test_a_shift_moves_bands_and_repeats_the_edge():
    x = torch.arange(8.0).view(1, 8, 1).expand(40, 8, 3)
    moved = shift(x, 2, generator())
    seen = {tuple(clip[:, 0].tolist()) for clip in moved}
    assert seen == {
        (0, 0, 0, 1, 2, 3, 4, 5),
        (0, 0, 1, 2, 3, 4, 5, 6),
        (0, 1, 2, 3, 4, 5, 6, 7),
        (1, 2, 3, 4, 5, 6, 7, 7),
        (2, 3, 4, 5, 6, 7, 7, 7),
    }
    assert (moved == moved[:, :, :1]).all(), "every frame of a clip alike"


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
