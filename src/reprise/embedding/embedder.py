"""What every embedder offers: sounds, texts and perhaps notes as vectors of length one in one space."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from reprise.music.piece import Piece


class Embedder(Protocol):
    """An embedder. The same input gives the same vector, whatever else is embedded with it.

    Attributes:
        name: for people. checkpoint_sha256: of the file of its weights: scores of two checkpoints don't compare.
        sample_rate: of the sounds that it takes, Hz. window_s: seconds that it hears at once; a longer sound is cut
        into windows, and its vector is the mean of theirs, normalised.
    """

    name: str
    checkpoint_sha256: str
    sample_rate: int
    window_s: float

    def embed_audio(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """float32[N, E] of mono sounds, float32[samples] each."""

    def embed_text(self, texts: Sequence[str]) -> np.ndarray:
        """float32[N, E]."""


@runtime_checkable
class NotesEmbedder(Embedder, Protocol):
    """One that reads notes too."""

    def embed_notes(self, pieces: Sequence[Piece]) -> np.ndarray:
        """float32[N, E]."""


def windows(samples: np.ndarray, size: int) -> np.ndarray:
    """A sound in windows that don't overlap, float32[W, size], the last one filled up with silence."""
    count = max(-(-len(samples) // size), 1)
    padded = np.zeros(count * size, np.float32)
    padded[: len(samples)] = samples
    return padded.reshape(count, size)


def mean_of_windows(vectors: np.ndarray, owner: np.ndarray, items: int) -> np.ndarray:
    """The normalised mean of each item's window vectors, float32[items, E]; `owner` tells whose a window is, int[W]."""
    sums = np.zeros((items, vectors.shape[1]), np.float64)
    np.add.at(sums, owner, vectors)
    return (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).astype(np.float32)
