"""The key plan: which keys a piece goes through, in windows of two bars, a bar apart."""

from dataclasses import replace
from itertools import pairwise

from reprise.composition.style.voices import UNDEFINED, Share, bar_of, share, spans
from reprise.music.analysis.keyfinding import Key, find_key
from reprise.music.piece import Piece

WINDOW_BARS = 2


def window_keys(piece: Piece) -> list[Key]:
    """The key of each two bars in a row, by the notes that begin in them; windows in which none fits are left out."""
    begun = spans(piece)[0] // bar_of(piece)
    if not len(begun):
        return []
    bars = range(begun.min(), max(begun.min(), begun.max() - WINDOW_BARS + 1) + 1)
    inside = (piece.notes[(begun >= bar) & (begun < bar + WINDOW_BARS)] for bar in bars)
    keys = (find_key(replace(piece, notes=notes)) for notes in inside)
    return [key for key in keys if key is not None]


def keyplan(piece: Piece) -> dict[str, Share]:
    """Keys on the way.

    Returns:
        Of the windows, `home_key_rate`: those in the key of the whole piece; `near_key_rate`: those in it or a close
        one, whose signature has at most one accidental more or less (the relative, the dominant's, the subdominant's);
        `key_change_rate`: of neighbouring windows, those in two keys.
    """
    home, keys = find_key(piece), window_keys(piece)
    if home is None or not keys:
        return dict.fromkeys(("home_key_rate", "near_key_rate", "key_change_rate"), UNDEFINED)
    near = [abs((key.fifths - home.fifths + 6) % 12 - 6) <= 1 for key in keys]
    changes = [one != other for one, other in pairwise(keys)]
    return {
        "home_key_rate": share(sum(key == home for key in keys), len(keys)),
        "near_key_rate": share(sum(near), len(keys)),
        "key_change_rate": share(sum(changes), len(changes)),
    }


def relative_keys(piece: Piece) -> list[tuple[int, str]]:
    """The keys of the windows as semitones of their tonic above that of the whole piece, and modes."""
    home = find_key(piece)
    return [] if home is None else [((key.tonic - home.tonic) % 12, key.mode) for key in window_keys(piece)]
