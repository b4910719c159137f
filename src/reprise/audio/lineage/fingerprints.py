"""Which sounds are copies of each other, whatever was cut off, made louder or coded anew.

Both sounds are aligned first, then compared. Anchors are the frames that no other within `REACH` exceeds, measured
against the level around each: a copy has them at the same places of the sound, wherever it begins, however loud it is
and however it fades. Two anchors whose surroundings look alike (normalised correlation) propose an alignment. It holds
where the *residuals* of both sounds correlate around it too: what linear prediction (Makhoul 1975, autocorrelation
method) can't foresee. Tones of one pitch look alike whoever plays them; breath, bow and hammer don't, and residuals are
made of these.

Sounds are compared frame by frame as they are stored, and again at one common sample rate. Found are copies that were
trimmed, scaled or turned over; re-tuned by another rate in their header; coded with loss (Ogg Vorbis as in SF3 fonts);
resampled, where the header tells the rate. Not found are copies with another pitch in their frames, with heavy effects,
under `SHORTEST` frames (single cycles of a wave), or taken from behind the first `LONGEST` frames. Mathematical waves
of one period are the same sound, and count so.

Conventions: sounds are float32 mono; lags in frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from scipy.fft import next_fast_len
from scipy.linalg import solve_toeplitz
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import lfilter

LONGEST = 2**16  # frames of a sound that are looked at: 1.5 s at 44.1 kHz
SHORTEST = 64  # frames of a sound, and of what two must have in common
COMMON_RATE = 11025  # Hz; few samples of any font are stored at less
REACH = 256  # frames on either side of an anchor
FAINT = 0.02  # no anchors are sought where the level is under this share of the highest
HALF = 128  # frames on either side of an anchor that propose an alignment
SPAN = 2048  # frames on either side that decide
ALIKE = 0.95  # correlation that proposes
SAME = 0.7  # correlation of residuals that decides; measured: copies .9 to 1, coded ones from .8, others up to .6
PROPOSALS = 4  # alignments of two sounds that are tried
PLACES = 3  # anchors at which each is tried, the first ones
ORDER = 32  # of the linear prediction
NOISE = 1e-5  # of a sound's power, added before prediction: -50 dB, above the rounding to 16 bits
SLACK = 3  # frames by which a proposed alignment may be off
OVERSAMPLING = 4  # parts of a frame to which an alignment is found


@dataclass(frozen=True)
class Fingerprints:
    """Sounds ready to be compared.

    Attributes:
        sounds: each float32[frames].
        anchors: (sound, frame) of every anchor of every sound, in order.
        windows: float32[anchors, 2 * HALF], what surrounds each anchor, normalised.
    """

    sounds: list[np.ndarray]
    anchors: list[tuple[int, int]]
    windows: np.ndarray


def fingerprint_both(sounds: Sequence[tuple[np.ndarray, int]]) -> list[Fingerprints]:
    """Fingerprints of sounds, each its frames and its rate in Hz, as they are stored and at the common rate."""
    return [fingerprint(sounds), fingerprint(sounds, COMMON_RATE)]


def same(ours: Sequence[Fingerprints], theirs: Sequence[Fingerprints]) -> set[tuple[int, int]]:
    """The pairs (i, j) of which our sound i and their sound j are the same, stored or at the common rate."""
    return set().union(*(_same(one, other) for one, other in zip(ours, theirs, strict=True)))


def fingerprint(sounds: Sequence[tuple[np.ndarray, int]], rate: int | None = None) -> Fingerprints:
    """Find the anchors of sounds, as they are stored or resampled to `rate` Hz."""
    resampled = [_at(sound[:LONGEST], own, rate) for sound, own in sounds]
    anchors, windows = [], [np.zeros((0, 2 * HALF), np.float32)]
    for number, sound in enumerate(resampled):
        places = find_anchors(sound)
        around = np.pad(sound, HALF)[places[:, None] + np.arange(2 * HALF)]
        anchors += [(number, int(place)) for place in places]
        windows.append(around / np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9))
    return Fingerprints(resampled, anchors, np.concatenate(windows))


def _at(sound: np.ndarray, own: int, rate: int | None) -> np.ndarray:
    if rate is None or own == rate or len(sound) < SHORTEST:
        return sound
    return soxr.resample(sound, own, rate)


def find_anchors(sound: np.ndarray) -> np.ndarray:
    """The frames whose residual stands out most within `REACH`; none in silence or in under `SHORTEST` frames."""
    if len(sound) < SHORTEST or not np.any(sound):
        return np.zeros(0, int)
    sound = residual(sound)
    power = uniform_filter1d(sound**2, 2 * REACH + 1, mode="nearest")
    level = np.sqrt(np.maximum(power, 0))
    height = np.where(level > FAINT * level.max(), np.abs(sound) / np.maximum(level, 1e-9), 0)
    places = np.flatnonzero((height == maximum_filter1d(height, 2 * REACH + 1)) & (height > 0))
    return places[np.diff(places, prepend=-REACH) > REACH // 2]


def _same(ours: Fingerprints, theirs: Fingerprints) -> set[tuple[int, int]]:
    """The pairs of sounds that are the same by one of the alignments that most of their anchors propose."""
    proposed: dict[tuple[int, int], dict[int, list[tuple[int, int]]]] = {}
    for first in range(0, len(ours.anchors), 2048):
        likeness = np.abs(ours.windows[first : first + 2048] @ theirs.windows.T)
        for one, other in np.argwhere(likeness > ALIKE):
            (mine, here), (yours, there) = ours.anchors[first + one], theirs.anchors[other]
            proposed.setdefault((mine, yours), {}).setdefault(here - there, []).append((here, there))
    return {
        (mine, yours)
        for (mine, yours), lags in proposed.items()
        if any(
            correlation(ours.sounds[mine], theirs.sounds[yours], here, there) > SAME
            for places in sorted(lags.values(), key=len, reverse=True)[:PROPOSALS]
            for here, there in places[:PLACES]
        )
    }


def correlation(one: np.ndarray, other: np.ndarray, here: int, there: int) -> float:
    """Correlation of residuals (0-1, either polarity) within `SPAN` of one[here] and other[there], at the best lag.

    0 where they have fewer than `SHORTEST` frames in common.
    """
    before, after = min(here, there, SPAN), min(len(one) - here, len(other) - there, SPAN)
    if before + after < SHORTEST:
        return 0.0
    a, b = residual(one[here - before : here + after]), residual(other[there - before : there + after])
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    size = 1 << (2 * len(a) - 1).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size).conj(), OVERSAMPLING * size) * OVERSAMPLING
    near = SLACK * OVERSAMPLING
    return float(np.abs(np.concatenate([cross[: near + 1], cross[-near:]])).max()) / max(scale, 1e-12)


def residual(sound: np.ndarray) -> np.ndarray:
    """What linear prediction of order `ORDER` leaves of a sound, float64[frames]; its first `ORDER` are 0."""
    if not np.any(sound):
        return np.zeros(len(sound))
    size = next_fast_len(len(sound) + ORDER, real=True)
    power = np.abs(np.fft.rfft(sound.astype(np.float64), size)) ** 2
    products = np.fft.irfft(power, size)[: ORDER + 1]
    products[0] *= 1 + NOISE
    prediction = solve_toeplitz(products[:ORDER], products[1:])
    left = lfilter(np.concatenate([[1.0], -prediction]), 1.0, sound)
    left[:ORDER] = 0  # a sound that was cut off begins with a click
    return left
