"""Does music do what its prompt asks: tempo, key, metre and instruments, by the definitions of the field.

TB: the tempo lies in the bin of the one asked for; TBT: there, or in the bin beside it; CK: tonic and mode are those
asked for; CKD: those, or those of the relative key (Melechovsky et al., MidiCaps, 2024; Bhandari et al., Text2midi,
2025). Tempo and metre are read from the MIDI files; the key is found in the notes.
"""

from collections.abc import Sequence

import numpy as np

from reprise.learning.bootstrap import mean_estimates, rank_estimate
from reprise.music.analysis.attributes import articulation, dissonance, mean_pitch, onset_density, onset_rate
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.taste.crossmodal import CROSSMODAL
from reprise.taste.evaluation.made import Made
from reprise.taste.prompts import BASE

TEMPO_BINS = (40, 60, 70, 90, 110, 140, 160, 210)  # BPM: Grave to Prestissimo, as MidiCaps has them
HEIGHTS = {"low": 0.0, "middle": 1.0, "raised": 1.5, "high": 2.0}  # the order of levels
TEMPO_TOLERANCE = 1e-3  # BPM that MIDI's whole microseconds may lose
SET_BY_US, LEFT_TO_COMPOSER = "set_by_us", "left_to_the_composer"


def tempo_bin(bpm: float) -> int:
    """The number of a tempo's bin."""
    return int(np.searchsorted(TEMPO_BINS, bpm + TEMPO_TOLERANCE, side="right"))


def adherence(made: Sequence[Made], resamples: int, seed: int) -> dict[str, dict]:
    """The share of pieces that do what was asked, by prompt; a key counts only where one was asked for."""
    bins = np.array([[tempo_bin(one.row["tempo_bpm"]), tempo_bin(one.piece.tempo_bpm)] for one in made])
    keys = [(_asked_key(one), find_key(one.piece)) for one in made]
    columns = {
        "tempo_bin": bins[:, 0] == bins[:, 1],
        "tempo_bin_tolerant": np.abs(bins[:, 0] - bins[:, 1]) <= 1,
        "key": [_same(*pair) for pair in keys],
        "key_or_relative": [_same(*pair, relative=True) for pair in keys],
        "metre": ["{}/{}".format(*one.piece.metre) == one.row["metre"] for one in made],
        "instruments": [set(one.piece.programs) == set(one.row["programs"]) for one in made],
    }
    groups = [one.row["prompt"] for one in made]
    return mean_estimates(
        {name: np.array(own, float) for name, own in columns.items()}, resamples, seed, clusters=groups
    )


def _asked_key(one: Made) -> Key | None:
    told = one.told
    return None if told.get("tonic") is None or told.get("mode") is None else Key(told["tonic"], told["mode"])


def _same(asked: Key | None, found: Key | None, relative: bool = False) -> float:
    if asked is None:
        return np.nan
    alike = found is not None and relative and found.fifths % 12 == asked.fifths % 12
    return float(found == asked or alike)


def by_the_table(made: Sequence[Made], loudness: np.ndarray, resamples: int, seed: int) -> dict[str, dict[str, dict]]:
    """Spearman's correlation of each column of the crossmodal table with what is measured in the pieces of the base
    prompts: apart what playing sets exactly, and what the composer was only told.

    Args:
        loudness: of each piece's sound, dBFS.
    """
    chosen = [place for place, one in enumerate(made) if one.set == BASE and one.tastes]
    rows = [CROSSMODAL[made[place].tastes[0]] for place in chosen]
    pieces = [made[place].piece for place in chosen]

    def against(asked: list[float], measured: Sequence[float] | np.ndarray) -> dict[str, float]:
        return rank_estimate(np.array(asked), np.array(measured, float), resamples, seed)

    return {
        SET_BY_US: {
            "onset_rate": against([row.tempo_bpm for row in rows], [onset_rate(piece) for piece in pieces]),
            "articulation": against([HEIGHTS[row.articulation] for row in rows], [articulation(p) for p in pieces]),
            "loudness": against([HEIGHTS[row.loudness] for row in rows], loudness[chosen]),
            "mean_pitch": against([HEIGHTS[row.register] for row in rows], [mean_pitch(piece) for piece in pieces]),
        },
        LEFT_TO_COMPOSER: {
            "onset_density": against([HEIGHTS[row.density] for row in rows], [onset_density(p) for p in pieces]),
            "dissonance": against([HEIGHTS[row.dissonance] for row in rows], [dissonance(piece) for piece in pieces]),
        },
    }
