"""The health check that every embedder must pass before it scores anything.

Weights that were never loaded, or loaded into a network of another shape, still give numbers. What they don't give is
texts that differ, sounds that differ, and captions that are nearer to sounds of which they are true.
"""

from collections.abc import Sequence

import numpy as np

from reprise.embedding.embedder import Embedder
from reprise.errors import RepriseError
from reprise.learning.bootstrap import rounded

MOST_ALIKE = 0.9  # mean cosine of distinct texts, or sounds
MOST_APART = 1e-4  # of a vector alone and in a batch, or made twice
LEAST_AGREEMENT = 0.6  # how often a true pair has the higher cosine; by chance .5
SILENCE_S = 1.0


def health(
    embedder: Embedder, sounds: Sequence[np.ndarray], texts: Sequence[str], truth: np.ndarray
) -> dict[str, float]:
    """The figures of the check, each beside its bound in `BOUNDS`.

    Args:
        sounds: distinct ones at the embedder's rate. texts: distinct captions, of which `truth`, int8[texts, sounds],
        says of which sounds they are true (1), false (0), or neither (-1).
    """
    of_texts, of_sounds = embedder.embed_text(texts), embedder.embed_audio(sounds)
    alone = np.concatenate([embedder.embed_audio([sound]) for sound in sounds])
    silence = embedder.embed_audio([np.zeros(round(SILENCE_S * embedder.sample_rate), np.float32)])
    return {
        "text_cosine": rounded(mean_cosine(of_texts)),
        "sound_cosine": rounded(mean_cosine(of_sounds)),
        "repeat_difference": rounded(np.abs(embedder.embed_audio(sounds) - of_sounds).max()),
        "batch_difference": rounded(np.abs(alone - of_sounds).max()),
        "silence_is_finite": float(np.isfinite(silence).all()),
        "agreement": rounded(_agreement(of_texts @ of_sounds.T, truth)),
    }


BOUNDS: dict[str, tuple[float, float]] = {  # least and most
    "text_cosine": (-1.0, MOST_ALIKE),
    "sound_cosine": (-1.0, MOST_ALIKE),
    "repeat_difference": (0.0, MOST_APART),
    "batch_difference": (0.0, MOST_APART),
    "silence_is_finite": (1.0, 1.0),
    "agreement": (LEAST_AGREEMENT, 1.0),
}


def require_health(name: str, figures: dict[str, float]) -> None:
    """Refuse an embedder that fails.

    Raises:
        RepriseError: a figure is out of its bounds; it says which.
    """
    for figure, (least, most) in BOUNDS.items():
        if not least <= figures[figure] <= most:
            raise RepriseError(
                f"{name}: fails the health check: {figure.replace('_', ' ')} is {figures[figure]:.4g}, and must be "
                f"{least:g} to {most:g}; its weights are not trained, or not loaded whole"
            )


def mean_cosine(vectors: np.ndarray) -> float:
    """The mean cosine of two different items of float[N, E]."""
    products = vectors.astype(float) @ vectors.T.astype(float)
    return float((products.sum() - np.trace(products)) / (len(vectors) * (len(vectors) - 1)))


def _agreement(scores: np.ndarray, truth: np.ndarray) -> float:
    """The mean over texts of how often a true sound has a higher score than a false one; nan scores count as wrong."""
    found = []
    for row, values in zip(scores, truth):
        true, false = row[values == 1], row[values == 0]
        if len(true) and len(false):
            found.append(float((true[:, None] > false).mean()))
    return float(np.mean(found))
