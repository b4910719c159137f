"""`reprise generate --chords`: how many bars a progression takes, and how well a piece keeps to it."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from reprise.commands.output import print_error

if TYPE_CHECKING:
    from reprise.composition.sampling.chords.progression import Progression
    from reprise.music.piece import Piece


def bars_for(chords: "Progression", bars: int | None, notes: int | None) -> int | None:
    """The bars of a piece: those asked for, else as many as the chords take; None where notes are asked for.

    Chords that don't come, as there are fewer bars, are told.
    """
    if bars is None:
        return None if notes else chords.bars
    comes = sum(1 for _ in chords.beginnings(bars * chords.bar))
    if comes < len(chords.chords):
        print_error(
            f"--chords: take {chords.bars} bars, and the piece has {bars}: it ends with chord {comes} "
            f"('{chords.chords[comes - 1].symbol}') of {len(chords.chords)}; give --bars {chords.bars} for all"
        )
    return bars


def kept_to(piece: "Piece", chords: "Progression") -> dict:
    """What JSON says of the chords of a piece: see `compliance.Compliance`."""
    from reprise.composition.sampling.chords.compliance import compliance

    return {"chords": {name: round(share, 4) for name, share in asdict(compliance(piece, chords)).items()}}
