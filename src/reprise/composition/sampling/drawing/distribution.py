"""What a value is drawn from: masks, and the logits of a model as probabilities, with their tails cut off."""

import numpy as np

from reprise.checked import require
from reprise.composition.encoding.events import Encoding
from reprise.composition.sampling.rules import SamplingRules


def pitch_mask(encoding: Encoding, rules: SamplingRules, shift: int = 0) -> np.ndarray:
    """The pitches that the range allows, bool[pitches of the encoding]; they sound `shift` semitones lower.

    Raises:
        ParamsError: there are none.
    """
    pitches = np.arange(encoding.lowest, encoding.highest + 1) - shift
    mask = (pitches >= rules.lowest) & (pitches <= rules.highest)
    right = f"a range with a pitch of the model's own, {pitches[0]}-{pitches[-1]}"
    if shift:
        right += " where the opening lies"
    require(bool(mask.any()), "lowest, highest", f"{rules.lowest}-{rules.highest}", right)
    return mask


def shape_distribution(
    logits: np.ndarray,
    temperature: np.ndarray | float,
    top_k: np.ndarray | int = 0,
    top_p: np.ndarray | float = 1.0,
    min_p: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Probabilities to draw from, float64[B, S]: softmax of logits by temperature, the tail cut off.

    Args:
        logits: float[B, S]. temperature, top_k, top_p, min_p: see `rules.OPTIONS`, of each row [B] or of all.
    """
    settings = (temperature, top_k, top_p, min_p)
    temperature, top_k, top_p, min_p = (np.broadcast_to(value, len(logits))[:, None] for value in settings)
    top = logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # a temperature close to 0
        probabilities = np.exp((logits - top) / np.where(temperature == 0, 1.0, temperature))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    ordered = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, ordered, axis=1)
    kept = np.cumsum(ranked, axis=1) - ranked < top_p  # the likeliest value always
    kept &= ranked >= min_p * ranked[:, :1]
    kept &= (top_k == 0) | (np.arange(logits.shape[1]) < top_k)
    np.put_along_axis(probabilities, ordered, ranked * kept, axis=1)
    first = (np.arange(logits.shape[1]) == logits.argmax(axis=1)[:, None]).astype(float)
    return np.where(temperature == 0, first, probabilities / probabilities.sum(axis=1, keepdims=True))


def last_possible(probabilities: np.ndarray) -> np.ndarray:
    """The last value of each row with a probability above 0: where rounding leaves a cumulated sum below the draw."""
    return probabilities.shape[1] - 1 - (probabilities[:, ::-1] > 0).argmax(axis=1)


def restrict(allowed: np.ndarray, further: np.ndarray) -> np.ndarray:
    """Both masks, bool[B, S]; in a row where nothing would be left, `allowed` alone."""
    both = allowed & further
    return np.where(both.any(axis=1, keepdims=True), both, allowed)
