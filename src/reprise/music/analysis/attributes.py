"""Attributes of a piece that people have words for, each one number measured from its notes.

An attribute takes a `Piece` and returns a float, nan where it is undefined for that piece. Unlike the measures of
`composition.evaluation`, which compare sets of pieces, these say how one piece is: slow or fast, low or high.
"""

from collections.abc import Callable

import numpy as np

from reprise.music.analysis.keyfinding import key_correlations
from reprise.music.piece import Piece

# How consonant two notes sound by their interval class, from a minor second to a tritone: Huron, "Interval-class
# content in equally tempered pitch-class sets", Music Perception 11 (1994), 289-305, table 2; a standardised mean of
# three studies with listeners.
CONSONANCE = (-1.428, -0.582, 0.594, 0.386, 1.240, -0.453)


def onset_rate(piece: Piece) -> float:
    """Onsets a second from the first note to the end of the last one; notes that begin together are one onset."""
    notes = piece.notes
    if not len(notes):
        return np.nan
    span = ((notes["onset"] + notes["duration"]).max() - notes["onset"].min()) * piece.seconds_per_beat
    return len(np.unique(np.round(notes["onset"], 6))) / float(span)


def onset_density(piece: Piece) -> float:
    """Onsets a quarter-note beat from the first note to the end of the last one: `onset_rate` whatever the tempo."""
    return onset_rate(piece) * piece.seconds_per_beat


def rhythmic_variety(piece: Piece) -> float:
    """Entropy in bits of the times from one onset to the next, in beats: 0 where all are alike; nan for one onset."""
    steps = np.diff(np.unique(np.round(piece.notes["onset"], 6))).round(4)
    if not len(steps):
        return np.nan
    shares = np.unique(steps, return_counts=True)[1] / len(steps)
    return float(-(shares * np.log2(shares)).sum())


def mean_pitch(piece: Piece) -> float:
    """Mean MIDI pitch, each note counted by how long it sounds."""
    return float(np.average(piece.notes["pitch"], weights=piece.notes["duration"])) if len(piece.notes) else np.nan


def articulation(piece: Piece) -> float:
    """Share of the time from one onset of a part to its next in which a note of the first one sounds, 0 to 1: the mean
    over the onsets of all parts, a part's last one left out.
    """
    shares = []
    for part in np.unique(piece.notes["part"]):
        notes = piece.notes[piece.notes["part"] == part]
        onsets, owner = np.unique(np.round(notes["onset"], 6), return_inverse=True)
        longest = np.zeros(len(onsets))
        np.maximum.at(longest, owner, notes["duration"])
        shares.append(np.minimum(longest[:-1] / np.diff(onsets), 1))
    pooled = np.concatenate([np.zeros(0), *shares])
    return float(pooled.mean()) if len(pooled) else np.nan


def polyphony(piece: Piece) -> float:
    """Mean number of notes that sound while at least one does, 1 or more.

    MusPy's polyphony (Dong et al., ISMIR 2020), in continuous time, and unisons of two parts count as two notes.
    """
    starts, ends = piece.notes["onset"], piece.notes["onset"] + piece.notes["duration"]
    if not len(starts):
        return np.nan
    sounded_until = np.maximum.accumulate(ends)  # starts ascend
    gaps = np.maximum(starts[1:] - sounded_until[:-1], 0).sum()
    sounding = sounded_until[-1] - starts[0] - gaps
    return float(piece.notes["duration"].sum() / sounding) if sounding > 0 else np.nan


def dissonance(piece: Piece) -> float:
    """How dissonant the notes are that sound together: the mean of `-CONSONANCE` over all pairs, each counted by how
    long it lasts; -1.24 where all are fourths and fifths, 1.43 where all are minor seconds. Unisons and octaves, which
    the table leaves out, don't count; nan where no other pair sounds.
    """
    pitch, start = piece.notes["pitch"].astype(int), piece.notes["onset"]
    end = start + piece.notes["duration"]
    first, second = np.triu_indices(len(pitch), 1)
    together = np.minimum(end[first], end[second]) - np.maximum(start[first], start[second])
    distance = (pitch[second] - pitch[first]) % 12
    counted = (together > 1e-9) & (distance > 0)
    if not counted.any():
        return np.nan
    classes = np.minimum(distance, 12 - distance)[counted]
    return float(np.average(-np.array(CONSONANCE)[classes - 1], weights=together[counted]))


def mode(piece: Piece) -> float:
    """How much better the best major key fits than the best minor one: the difference of their correlations, see
    `keyfinding.key_correlations`; above 0 for major.
    """
    major, minor = key_correlations(piece)
    return float(major.max() - minor.max())


ATTRIBUTES: dict[str, Callable[[Piece], float]] = {
    function.__name__: function for function in (onset_rate, mean_pitch, articulation, polyphony, dissonance, mode)
}


def attributes_of(piece: Piece) -> dict[str, float]:
    """Every attribute of a piece by its name; nan where one is undefined."""
    return {name: function(piece) for name, function in ATTRIBUTES.items()}
