"""A few harmonisations and fills laid open, each beside what the composer wrote there."""

from dataclasses import replace
from pathlib import Path

from reprise.composition.harmonisation.measures import Written
from reprise.composition.sampling.samples import lay_open
from reprise.music.piece import Piece

LONGEST_NAME = 24  # letters of the name of a work


def lay_out(melodies: Written, filled: Written, count: int, font: Path, folder: Path) -> None:
    """`harmonised_N`, `filled_N` and beside each the piece itself, `..._original`: as MIDI, MusicXML, picture and WAV.

    Samples are spread over the pieces, so that they are of different tunes. font: plays them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for kind, what, written in (("harmonised", "harmonised", melodies), ("filled", "bars filled", filled)):
        used = min(count, len(written.real))
        for number in range(used):
            place = number * len(written.real) // used
            real, made = written.real[place], written.made[place]
            lay_open(_titled(made, real, f"{what} by the infilling model"), folder / f"{kind}_{number + 1}", font)
            lay_open(_titled(real, real, "as it was written"), folder / f"{kind}_{number + 1}_original", font)


def _titled(piece: Piece, real: Piece, what: str) -> Piece:
    """Its page is wide enough for some sixty letters of a title, and Verovio prints no subtitle."""
    return replace(piece, title=f"{Path(real.source).stem[:LONGEST_NAME]}, {what}")
