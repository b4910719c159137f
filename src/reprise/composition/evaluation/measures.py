"""Musical measures of a piece: pitch, key, rhythm and texture, each one number.

A measure takes a `Piece` and returns a float, nan where it is undefined for that piece. None changes when the whole
piece is transposed or starts some bars later; silence before the first note doesn't count. Onsets and durations are
told apart on a grid of 1/12 beat. A measure is neither good nor bad in itself: what counts is how far generated
music lies from real music (`standardised_difference`), as in Yang & Lerch, "On the evaluation of generative models
in music", Neural Computing and Applications 32 (2020). "MusPy" below is Dong et al., "MusPy: A toolkit for symbolic
music generation", ISMIR 2020.
"""

from collections.abc import Callable, Sequence

import numpy as np

from reprise.learning.bootstrap import mean_estimates
from reprise.music.analysis.attributes import polyphony
from reprise.music.analysis.keyfinding import MODES, key_correlations
from reprise.music.piece import Piece
from reprise.music.theory import KEY_CLASSES
from reprise.music.timegrid import to_twelfths

STEPS_A_BAR = 16


def pitch_class_entropy(piece: Piece) -> float:
    """Entropy of the notes' pitch classes, each note counted once, in bits (0 to log2 12 = 3.58).

    Wu & Yang, "The Jazz Transformer on the front line", ISMIR 2020, sec. 5; over the whole piece, as in MusPy.
    """
    return _entropy(piece.notes["pitch"] % 12)


def interval_entropy(piece: Piece) -> float:
    """Entropy of the signed melodic intervals in semitones, in bits.

    An interval leads from one onset of a part to its next; of a chord within one part the highest note counts. The
    intervals of all parts are pooled. Margulis & Beatty, "Musical style, psychoaesthetics, and prospects for entropy
    as an analytic tool", Computer Music Journal 32 (2008).
    """
    intervals = [
        np.diff(_top_line(piece.notes[piece.notes["part"] == part])) for part in np.unique(piece.notes["part"])
    ]
    return _entropy(np.concatenate([np.zeros(0, int), *intervals]))


def _top_line(notes: np.ndarray) -> np.ndarray:
    """The highest pitch at each onset, int[onsets]."""
    onsets = to_twelfths(notes["onset"])
    order = np.lexsort((notes["pitch"], onsets))
    last_of_onset = np.append(np.diff(onsets[order]) > 0, True)
    return notes["pitch"][order][last_of_onset].astype(int)


def duration_entropy(piece: Piece) -> float:
    """Entropy of the notes' durations in twelfths of a beat, in bits.

    Margulis & Beatty (2008), see `interval_entropy`.
    """
    return _entropy(to_twelfths(piece.notes["duration"]))


def _entropy(values: np.ndarray) -> float:
    """-sum p log2 p over the distinct values; nan without any."""
    if not len(values):
        return np.nan
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # + 0.0: one value has entropy 0, not -0


def key_clarity(piece: Piece) -> float:
    """Correlation of the pitch classes' sounding time with the profile of the key that fits best, at most 1.

    The key-finding algorithm of Krumhansl & Schmuckler: Krumhansl, Cognitive Foundations of Musical Pitch (1990),
    ch. 4. Also known as maximum key-profile correlation (Takeuchi, Perception & Psychophysics 56, 1994). Undefined
    where all twelve pitch classes sound equally long.
    """
    return float(key_correlations(piece).max())


def in_key_rate(piece: Piece) -> float:
    """Share of notes whose pitch class belongs to the piece's key, 0 to 1.

    After the scale consistency of Mogren, "C-RNN-GAN" (2016), and of MusPy, with two differences: minor takes both
    forms of its sixth and seventh degree, and the key is the one of `key_clarity`, because minor's nine pitch classes
    would often beat a major scale's seven by their number. Where keys tie, the highest share counts. Notes at random
    reach 7 / 12 in major and 9 / 12 in minor.
    """
    correlations = key_correlations(piece)
    counts = np.bincount(piece.notes["pitch"] % 12, minlength=12)
    shares = [
        counts[(np.array(KEY_CLASSES[mode]) + tonic) % 12].sum() / counts.sum()
        for mode, row in zip(MODES, correlations)
        for tonic in np.flatnonzero(row >= correlations.max() - 1e-9)
    ]
    return float(max(shares, default=np.nan))


def groove_consistency(piece: Piece) -> float:
    """Mean over adjacent bars of 1 - (Hamming distance of their onset vectors) / 16, 0 to 1.

    The grooving pattern similarity of Wu & Yang (2020), sec. 5, between neighbours as in MusPy. A bar of the piece's
    metre has 16 steps, and an onset falls on the nearest one: MusPy divides by ticks, so that bars which share no
    onset still score near 1. From the first bar with an onset to the last; undefined for one bar.
    """
    steps = np.floor(_in_bars(piece, piece.notes["onset"]) * STEPS_A_BAR + 0.5).astype(int)
    if not len(steps):
        return np.nan
    bars = steps // STEPS_A_BAR - steps.min() // STEPS_A_BAR
    onsets = np.zeros((bars.max() + 1, STEPS_A_BAR), bool)
    onsets[bars, steps % STEPS_A_BAR] = True
    return float(1 - (onsets[1:] != onsets[:-1]).mean()) if len(onsets) > 1 else np.nan


def empty_bar_rate(piece: Piece) -> float:
    """Share of bars in which nothing sounds, 0 to 1.

    From the bar of the first onset to the bar where the last note ends. The ratio of empty bars of Dong et al.,
    "MuseGAN", AAAI 2018.
    """
    first = np.floor(_in_bars(piece, piece.notes["onset"])).astype(int)
    end = np.ceil(_in_bars(piece, piece.notes["onset"] + piece.notes["duration"])).astype(int)
    if not len(first):
        return np.nan
    end = np.maximum(end, first + 1)  # the shortest note sounds in its bar
    changes = np.zeros(end.max() - first.min() + 1, int)
    np.add.at(changes, first - first.min(), 1)
    np.add.at(changes, end - first.min(), -1)
    return float((np.cumsum(changes)[:-1] == 0).mean())


def note_density(piece: Piece) -> float:
    """Notes a bar of the piece's metre, from the first onset to the last end."""
    ends = piece.notes["onset"] + piece.notes["duration"]
    span = ends.max() - piece.notes["onset"].min() if len(ends) else 0.0
    return float(len(ends) / (span / piece.bar_beats)) if span > 0 else np.nan


def pitch_range(piece: Piece) -> float:
    """Semitones from the lowest to the highest note. Yang & Lerch (2020)."""
    return float(np.ptp(piece.notes["pitch"].astype(int))) if len(piece.notes) else np.nan


def _in_bars(piece: Piece, beats: np.ndarray) -> np.ndarray:
    """Beats in bars, without the noise that would put a note on the wrong side of a bar line."""
    return np.round(beats / piece.bar_beats, 6)


MEASURES: dict[str, Callable[[Piece], float]] = {
    function.__name__: function
    for function in (
        pitch_class_entropy,
        interval_entropy,
        duration_entropy,
        in_key_rate,
        key_clarity,
        groove_consistency,
        polyphony,
        empty_bar_rate,
        note_density,
        pitch_range,
    )
}


def measure(piece: Piece) -> dict[str, float]:
    """Every measure of a piece by its name; nan where one is undefined."""
    return {name: function(piece) for name, function in MEASURES.items()}


def summarise(
    pieces: Sequence[Piece], resamples: int, seed: int, families: Sequence | None = None
) -> dict[str, dict[str, float]]:
    """For each measure an estimate of its mean over the pieces for which it is defined.

    A measure that is defined for none of them is left out.

    Args:
        families: of each piece, equal for those that aren't independent; see `bootstrap`.
    """
    rows = [measure(piece) for piece in pieces]
    return mean_estimates({name: np.array([row[name] for row in rows]) for name in MEASURES}, resamples, seed, families)


def standardised_difference(generated: np.ndarray, reference: np.ndarray) -> float:
    """How many pooled standard deviations the mean of generated music lies above that of reference music.

    Cohen's d (Cohen, Statistical Power Analysis for the Behavioral Sciences, 2nd ed., 1988, ch. 2): (mean of
    `generated` - mean of `reference`) / pooled standard deviation. Above 0 where generated music has more of it.

    Args:
        generated, reference: one measure of pieces, float[N] and float[M]; nan is left out.

    Returns:
        nan with fewer than two values on one side, or where nothing varies and the means differ.
    """
    sides = [np.asarray(side, float) for side in (generated, reference)]
    sides = [side[~np.isnan(side)] for side in sides]
    if min(len(side) for side in sides) < 2:
        return np.nan
    difference = sides[0].mean() - sides[1].mean()
    squares = sum(((side - side.mean()) ** 2).sum() for side in sides)
    pooled = np.sqrt(squares / (len(sides[0]) + len(sides[1]) - 2))
    if pooled < 1e-12:
        return 0.0 if abs(difference) < 1e-12 else np.nan
    return float(difference / pooled)


def differences(generated: Sequence[Piece], reference: Sequence[Piece]) -> dict[str, float]:
    """`standardised_difference` of every measure; nan where it is undefined."""
    ours, theirs = ([measure(piece) for piece in pieces] for pieces in (generated, reference))
    return {
        name: standardised_difference(*(np.array([row[name] for row in rows]) for rows in (ours, theirs)))
        for name in MEASURES
    }
