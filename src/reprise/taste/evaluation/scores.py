"""How near music lies to the words that it was made from, in an embedder's space, and how near its controls lie."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reprise.embedding.embedder import Embedder
from reprise.learning.bootstrap import mean_estimate, rounded
from reprise.taste.words.crossmodal import IN_WORDS
from reprise.taste.words.prompts import TASTES, Prompt

NOISE_SOUNDS = 8
NOISE_LEVEL = 0.1  # RMS of full scale


@dataclass(frozen=True)
class Vectors:
    """Pieces in an embedder's space, their sounds or their notes, float32[N, E], beside those of their texts."""

    pieces: np.ndarray
    texts: np.ndarray


def taught(text: str, tastes: Sequence[str]) -> list[str]:
    """A text for an embedder that was never told of tastes: its clauses, and what the crossmodal table says of the
    tastes that it names.
    """
    clauses = [clause.strip() for clause in re.split(r"[,;:.]", text)]
    return [*filter(None, clauses), *(words for taste in tastes for words in IN_WORDS[taste])]


def text_vectors(embedder: Embedder, prompts: Sequence[Prompt]) -> np.ndarray:
    """The normalised mean over what is `taught` of each text, float32[N, E]."""
    found = []
    for prompt in prompts:
        mean = embedder.embed_text(taught(prompt.text, prompt.tastes)).mean(axis=0)
        found.append(mean / max(float(np.linalg.norm(mean)), 1e-12))
    return np.stack(found).astype(np.float32)


def score_pieces(vectors: Vectors, prompts: Sequence[Prompt], resamples: int, seed: int) -> dict[str, dict]:
    """Mean cosine of pieces with their own texts, and with those of prompts that name other tastes; by prompt."""
    cosines = vectors.pieces @ vectors.texts.T
    tastes = [prompt.tastes for prompt in prompts]
    ids = [prompt.id for prompt in prompts]
    others = np.array(
        [
            [number != other and not set(own) & set(theirs) for other, theirs in zip(ids, tastes)]
            for number, own in zip(ids, tastes)
        ]
    )
    kept = others.any(axis=1)
    shuffled = np.where(others, cosines, 0).sum(axis=1)[kept] / others.sum(axis=1)[kept]
    groups = [prompt.id for prompt in prompts]
    found = {"true": mean_estimate(np.diag(cosines), resamples, seed, groups)}
    if kept.any():
        found["shuffled"] = mean_estimate(shuffled, resamples, seed, np.array(groups)[kept].tolist())
    return found


def score_controls(
    sounds: Mapping[str, np.ndarray], texts: np.ndarray, prompts: Sequence[Prompt], resamples: int, seed: int
) -> dict[str, dict]:
    """Mean cosine of each text with every vector of each control, float32[N, E] by name; by prompt."""
    groups = [prompt.id for prompt in prompts]
    return {
        name: mean_estimate((texts @ vectors.T).mean(axis=1), resamples, seed, groups)
        for name, vectors in sounds.items()
        if len(vectors)
    }


def silence_and_noise(embedder: Embedder, seconds: float, seed: int) -> dict[str, np.ndarray]:
    """The vectors of silence, and of white noise."""
    rng, samples = np.random.default_rng(seed), round(seconds * embedder.sample_rate)
    noise = [(NOISE_LEVEL * rng.standard_normal(samples)).astype(np.float32) for _ in range(NOISE_SOUNDS)]
    return {
        "silence": embedder.embed_audio([np.zeros(samples, np.float32)]),
        "noise": embedder.embed_audio(noise),
    }


def taste_matrix(
    pieces: np.ndarray, prompts: Sequence[Prompt], texts: np.ndarray, resamples: int, seed: int
) -> tuple[dict, dict]:
    """Which taste's text lies nearest to each piece, float32[N, E]: how often its prompt's, and the share of each.

    A text's mean cosine over all pieces is taken away first: of two texts one may be nearer to all music. Takes of one
    prompt are alike, so prompts are resampled, and whole prompts get other tastes (Good, Permutation tests, 2000).

    Args:
        prompts: of each piece; the first taste that each names counts. texts: of `TASTES`, float32[4, E].

    Returns:
        Accuracy with its chance and permutation p; and shares by taste of the prompt and taste found.
    """
    cosines = pieces @ texts.T
    found = (cosines - cosines.mean(axis=0)).argmax(axis=1)
    _, first, prompt_of = np.unique([prompt.id for prompt in prompts], return_index=True, return_inverse=True)
    asked = np.array([TASTES.index(prompts[place].tastes[0]) for place in first])  # of each prompt
    own = asked[prompt_of]
    right = (found == own).astype(float)
    rng = np.random.default_rng(seed)
    dealt = np.array([(found == rng.permutation(asked)[prompt_of]).mean() for _ in range(resamples)])
    p = (1 + int((dealt >= right.mean()).sum())) / (1 + resamples)
    accuracy = {
        **mean_estimate(right, resamples, seed, prompt_of.tolist()),
        "chance": rounded(dealt.mean()),
        "p": rounded(p),
    }
    shares = {
        taste: {other: rounded((found[own == t] == o).mean()) for o, other in enumerate(TASTES)}
        for t, taste in enumerate(TASTES)
        if (own == t).any()
    }
    return accuracy, shares
