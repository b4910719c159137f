"""Which sounds are copies of each other, whatever was cut off, made louder or coded anew.

Both sounds are aligned first, then compared. Anchors are the frames that no other within `REACH` exceeds in amplitude:
a copy has them at the same places of the sound, wherever it begins and however loud it is. Two anchors whose
surroundings look alike (normalised correlation) propose an alignment. It holds where the *residuals* of both sounds
correlate around it too: what linear prediction (Makhoul 1975, autocorrelation method) can't foresee. Tones of one
pitch look alike whoever plays them; breath, bow and hammer don't, and residuals are made of these.

Sounds are compared frame by frame as they are stored, and again at one common sample rate. Found are copies that were
trimmed, scaled or turned over; re-tuned by another rate in their header; coded with loss (Ogg Vorbis as in SF3 fonts);
resampled, where the header tells the rate. Not found are copies with another pitch in their frames, with heavy effects,
under `SHORTEST` frames (single cycles of a wave), or taken from behind the first `LONGEST` frames. Mathematical waves
of one period are the same sound, and count so.

Conventions: sounds are float32 mono; lags in frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import soxr
from scipy.fft import next_fast_len
from scipy.linalg import solve_toeplitz
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter

LONGEST = 2**17  # frames of a sound that are looked at: 3 s at 44.1 kHz
SHORTEST = 64  # frames of a sound, and of what two must have in common
COMMON_RATE = 11025  # Hz; few samples of any font are stored at less
REACH = 1024  # frames on either side of an anchor
FAINT = 0.05  # no anchor is softer than this share of the peak
HALF = 128  # frames on either side of an anchor that propose an alignment
SPAN = 2048  # frames on either side that decide
ALIKE = 0.9  # correlation that proposes
SAME = 0.7  # correlation of residuals that decides; measured: copies .8 to 1, others up to .6
PROPOSALS = 8  # alignments of two sounds that are tried
ORDER = 32  # of the linear prediction
NOISE = 1e-5  # of a sound's power, added before prediction: -50 dB, above the rounding to 16 bits
SLACK = 3  # frames by which a proposed alignment may be off
OVERSAMPLING = 4  # parts of a frame to which an alignment is found


@dataclass
class Fingerprints:
    """Sounds ready to be compared: the anchors of all of them, float32[anchors, 2 * HALF] normalised surroundings."""

    sounds: list[np.ndarray]
    anchors: list[tuple[int, int]]
    windows: np.ndarray
    _residuals: dict[int, np.ndarray] = field(default_factory=dict)

    def residual(self, sound: int) -> np.ndarray:
        """What linear prediction leaves of a sound, float32[frames]."""
        if sound not in self._residuals:
            self._residuals[sound] = residual(self.sounds[sound])
        return self._residuals[sound]


def copies(ours: Sequence[tuple[np.ndarray, int]], theirs: Sequence[tuple[np.ndarray, int]]) -> set[tuple[int, int]]:
    """The pairs (i, j) of which ours[i] and theirs[j] hold the same sound; each is its frames and its rate in Hz."""
    found = set()
    for rate in (None, COMMON_RATE):
        found |= _same(fingerprint(ours, rate), fingerprint(theirs, rate))
    return found


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
    """The frames where a sound is loudest within `REACH`; none in silence or in a sound under `SHORTEST` frames."""
    if len(sound) < SHORTEST or not np.any(sound):
        return np.zeros(0, int)
    amplitude = np.abs(sound)
    highest = maximum_filter1d(amplitude, 2 * REACH + 1)
    places = np.flatnonzero((amplitude == highest) & (amplitude > FAINT * amplitude.max()))
    return places[np.diff(places, prepend=-REACH) > REACH // 2]


def residual(sound: np.ndarray) -> np.ndarray:
    """What linear prediction of order `ORDER` leaves of a sound, float32[frames]."""
    size = next_fast_len(len(sound) + ORDER, real=True)
    power = np.abs(np.fft.rfft(sound.astype(np.float64), size)) ** 2
    products = np.fft.irfft(power, size)[: ORDER + 1]
    products[0] *= 1 + NOISE
    prediction = solve_toeplitz(products[:ORDER], products[1:])
    return lfilter(np.concatenate([[1.0], -prediction]), 1.0, sound).astype(np.float32)


def _same(ours: Fingerprints, theirs: Fingerprints) -> set[tuple[int, int]]:
    proposed: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
    for first in range(0, len(ours.anchors), 2048):
        likeness = np.abs(ours.windows[first : first + 2048] @ theirs.windows.T)
        for one, other in np.argwhere(likeness > ALIKE):
            (mine, here), (yours, there) = ours.anchors[first + one], theirs.anchors[other]
            proposed.setdefault((mine, yours), []).append((float(likeness[one, other]), here, there))
    return {
        (mine, yours)
        for (mine, yours), alignments in proposed.items()
        if any(
            correlation(ours.residual(mine), theirs.residual(yours), here, there) > SAME
            for _, here, there in sorted(alignments, reverse=True)[:PROPOSALS]
        )
    }


def correlation(one: np.ndarray, other: np.ndarray, here: int, there: int) -> float:
    """Normalised correlation (0-1, either polarity) within `SPAN` of one[here] and other[there], at the best lag.

    0 where they have fewer than `SHORTEST` frames in common.
    """
    before, after = min(here, there, SPAN), min(len(one) - here, len(other) - there, SPAN)
    if before + after < SHORTEST:
        return 0.0
    a, b = one[here - before : here + after], other[there - before : there + after]
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    size = 1 << (2 * len(a) - 1).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size).conj(), OVERSAMPLING * size) * OVERSAMPLING
    near = SLACK * OVERSAMPLING
    return float(np.abs(np.concatenate([cross[: near + 1], cross[-near:]])).max()) / max(scale, 1e-12)
