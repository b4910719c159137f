"""Instruments told by words alone: each instrument's words are a prompt, and the nearest clips have it."""

import numpy as np

from reprise.clips.descriptions.captions import with_article
from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.embedder import Embedder, mean_of_windows
from reprise.learning.bootstrap import estimate, resample_weights
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.metrics import best_thresholds, macro_f1, resampled_f1


def instrument_prompts(embedder: Embedder, held_out: bool = True) -> np.ndarray:
    """The vector of each instrument, float32[K, E]: the mean of its words, those held out from training or the
    others.
    """
    words = [WORDINGS["instrument", name][held_out] for name in INSTRUMENT_NAMES]
    vectors = embedder.embed_text([with_article(word) for own in words for word in own])
    return mean_of_windows(vectors, np.repeat(np.arange(len(words)), [len(own) for own in words]), len(words))


def ranks_among(scores: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The share of reference scores, float[R, K], that lie below each score, float[N, K], column by column: cosines of
    two instruments don't compare, their ranks do.
    """
    columns = zip(np.sort(reference, axis=0).T, scores.T)
    return np.stack([np.searchsorted(own, values) for own, values in columns], axis=1) / len(reference)


def prompted_f1(
    scores: np.ndarray, labels: np.ndarray, known: np.ndarray, known_labels: np.ndarray, resamples: int, seed: int
) -> dict[str, float]:
    """macro-F1 of instruments by their prompts, an estimate over clips.

    Args:
        scores: cosine of each clip and each prompt, float[N, K]. labels: 0/1 [N, K]. known, known_labels: the same of
        validation clips, which set the thresholds.
    """
    thresholds = best_thresholds(known_labels, ranks_among(known, known))
    decisions = (ranks_among(scores, known) >= thresholds).astype(float)
    weights = resample_weights(len(labels), resamples, seed)
    return estimate(macro_f1(labels, decisions), resampled_f1(labels, decisions, weights).mean(axis=1), len(labels))
