"""Does music do what its prompt asks: tempo, key, metre and instruments, by the definitions of the field.

TB: the tempo lies in the bin of the one asked for; TBT: there, or in the bin beside it; CK: tonic and mode are those
asked for; CKD: those, or those of the relative key (Melechovsky et al., MidiCaps, 2024; Bhandari et al., Text2midi,
2025). Tempo and metre are read from the MIDI files; the key is found in the notes.
"""

from collections.abc import Callable, Sequence

import numpy as np

from reprise.learning.bootstrap import mean_estimates, rank_estimates
from reprise.music.analysis.attributes import articulation, dissonance, mean_pitch, onset_density, onset_rate
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.music.piece import Piece
from reprise.taste.evaluation.made import Made
from reprise.taste.words.crossmodal import CROSSMODAL
from reprise.taste.words.lexicon import INSTRUMENT, METRE, TEMPO
from reprise.taste.words.prompts import BASE

TEMPO_BINS = (40, 60, 70, 90, 110, 140, 160, 210)  # BPM: Grave to Prestissimo, as MidiCaps has them
HEIGHTS = {"low": 0.0, "middle": 1.0, "raised": 1.5, "high": 2.0}  # the order of levels
TEMPO_TOLERANCE = 1e-3  # BPM that MIDI's whole microseconds may lose


def tempo_bin(bpm: float) -> int:
    """The number of a tempo's bin."""
    return int(np.searchsorted(TEMPO_BINS, bpm + TEMPO_TOLERANCE, side="right"))


def adherence(made: Sequence[Made], resamples: int, seed: int) -> dict[str, dict]:
    """The share of pieces that do what was understood of their prompts, by prompt, where something was asked for."""
    bins = np.array([[tempo_bin(one.row["tempo_bpm"]), tempo_bin(one.piece.tempo_bpm)] for one in made])
    keys = [(_asked_key(one), find_key(one.piece)) for one in made]
    columns = {
        "tempo_bin": _where(TEMPO, made, bins[:, 0] == bins[:, 1]),
        "tempo_bin_tolerant": _where(TEMPO, made, np.abs(bins[:, 0] - bins[:, 1]) <= 1),
        "key": [_same(*pair) for pair in keys],
        "key_or_relative": [_same(*pair, relative=True) for pair in keys],
        "metre": _where(METRE, made, ["{}/{}".format(*one.piece.metre) == one.row["metre"] for one in made]),
        "instruments": _where(INSTRUMENT, made, [set(o.piece.programs) == set(o.row["programs"]) for o in made]),
    }
    groups = [one.prompt.id for one in made]
    return mean_estimates(
        {name: np.array(own, float) for name, own in columns.items()}, resamples, seed, clusters=groups
    )


def _where(name: str, made: Sequence[Made], hits: Sequence[bool] | np.ndarray) -> np.ndarray:
    """Hits of the pieces that were asked for `name`, float[N]; nan for others."""
    return np.where([name in one.row["asked"] for one in made], np.asarray(hits, float), np.nan)


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
    prompts: apart what playing sets exactly, and what the composer was only told. Intervals are over takes of these
    four prompts, not over prompts.

    Args:
        loudness: of each piece's sound, dBFS.
    """
    chosen = [place for place, one in enumerate(made) if one.set == BASE and one.tastes]
    rows = [CROSSMODAL[made[place].tastes[0]] for place in chosen]
    pieces = [made[place].piece for place in chosen]

    def asked(column: str) -> np.ndarray:
        return np.array([HEIGHTS[getattr(row, column)] for row in rows])

    def measured(attribute: Callable[[Piece], float]) -> np.ndarray:
        return np.array([attribute(piece) for piece in pieces], float)

    set_by_us = {
        "onset_rate": (np.array([row.tempo_bpm for row in rows]), measured(onset_rate)),
        "articulation": (asked("articulation"), measured(articulation)),
        "loudness": (asked("loudness"), loudness[chosen]),
        "mean_pitch": (asked("register"), measured(mean_pitch)),
    }
    left_to_composer = {
        "onset_density": (asked("density"), measured(onset_density)),
        "dissonance": (asked("dissonance"), measured(dissonance)),
    }
    return {
        "set_by_us": rank_estimates(set_by_us, resamples, seed),
        "left_to_the_composer": rank_estimates(left_to_composer, resamples, seed),
    }
