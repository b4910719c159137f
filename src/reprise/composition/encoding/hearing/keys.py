"""The key that a piece seems to be in, followed event by event: what lets a model stay in a key, in whichever.

Decaying counts of pitch classes are kept, of the whole piece, of a phrase and of the last chords; the key of each is
the one whose profile correlates best with it (the algorithm of Krumhansl & Schmuckler: Krumhansl 1990, ch. 4). Shapes:
B sequences, M memories.
"""

from collections.abc import Sequence

import numpy as np

from reprise.composition.encoding.events import NO_PITCH
from reprise.music.analysis.keyfinding import PROFILES

DECAYS = np.array([0.998, 0.97, 0.9])  # of a count with each quarter note's worth of sound that follows
MEMORIES = len(DECAYS)
MODES = 3  # categories: none yet, major, minor
DEGREES = 13  # categories: none yet, then semitones above the tonic
RECENCIES = 9  # categories: never, then how lately a pitch class sounded, by powers of 2

_profiles = np.stack([np.roll(profile, tonic) for profile in PROFILES.values() for tonic in range(12)])
_centred = _profiles - _profiles.mean(axis=1, keepdims=True)
_PROFILES = (_centred / np.linalg.norm(_centred, axis=1, keepdims=True)).T  # [12, 24]


class KeyTracker:
    """Follows B sequences: `tonics` as pitch classes (NO_PITCH before the first note) and `modes`, int64[B, M] each.

    `homes`, a tonic and a mode of each sequence, are one key more, the last, that is told beforehand and stays.
    """

    def __init__(self, sequences: int, homes: Sequence[tuple[int, int]] = ()) -> None:
        self.counts = np.zeros((sequences, MEMORIES, 12))
        self.homes = np.array(homes, np.int64).reshape(sequences, int(len(homes) > 0), 2)
        nothing = np.zeros((sequences, MEMORIES), np.int64)
        self._follow(nothing + NO_PITCH, nothing)
        self.since = np.full((sequences, 12), np.inf)  # quarter notes' worth of sound since each pitch class

    def push(self, pitches: np.ndarray, beats: np.ndarray) -> None:
        """Take in V pitches that sound for so many beats, int64[B, V] and float[B, V]; NO_PITCH counts for nothing."""
        weights = np.where(pitches == NO_PITCH, 0.0, beats)
        self.counts = self.counts * DECAYS[:, None] ** weights.sum(axis=1)[:, None, None]
        self.since += weights.sum(axis=1, keepdims=True)
        rows = np.arange(len(pitches))
        for voice in range(pitches.shape[1]):
            self.counts[rows, :, pitches[:, voice] % 12] += weights[:, voice, None]
            sounds = np.flatnonzero(weights[:, voice])
            self.since[sounds, pitches[sounds, voice] % 12] = 0.0
        best = (self.counts @ _PROFILES).argmax(axis=2)
        known = self.counts.any(axis=2)
        self._follow(np.where(known, best % 12, NO_PITCH), np.where(known, best // 12 + 1, 0))

    def _follow(self, tonics: np.ndarray, modes: np.ndarray) -> None:
        self.tonics = np.concatenate([tonics, self.homes[..., 0]], axis=1)
        self.modes = np.concatenate([modes, self.homes[..., 1]], axis=1)

    def recency(self) -> np.ndarray:
        """How lately each pitch class sounded, as a category, int64[B, 12]."""
        with np.errstate(divide="ignore"):
            category = np.clip(np.floor(np.log2(self.since)) + 3, 1, RECENCIES - 1)
        return np.where(np.isinf(self.since), 0, category).astype(np.int64)

    def degrees(self, pitches: np.ndarray) -> np.ndarray:
        """Each pitch's semitones above each tonic as a category, int64[B, V * M]; 0 for a rest or no key."""
        above = (pitches[..., None] - self.tonics[:, None, :]) % 12 + 1
        unknown = (pitches == NO_PITCH)[..., None] | (self.tonics == NO_PITCH)[:, None, :]
        return np.where(unknown, 0, above).reshape(len(pitches), -1)

    def select(self, rows: np.ndarray) -> "KeyTracker":
        """A tracker of its own for these sequences."""
        chosen = KeyTracker(0)
        chosen.counts, chosen.since, chosen.homes = self.counts[rows], self.since[rows], self.homes[rows]
        chosen.tonics, chosen.modes = self.tonics[rows], self.modes[rows]
        return chosen
