"""How new music is played: tempo, instruments, with or without the opening that it continues."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from reprise.errors import BadInput
from reprise.params import plain_number

if TYPE_CHECKING:
    from reprise.music.piece import Piece


def add_playing(parser: argparse.ArgumentParser) -> None:
    """Declare --tempo, --instruments and --without-opening."""
    group = parser.add_argument_group("playing", "The notes stay the same.")
    group.add_argument("--tempo", type=_bpm, metavar="BPM", help="quarter notes a minute (default: as in the scores)")
    group.add_argument(
        "--instruments",
        metavar="NAMES",
        help='who plays, part by part, such as "violin, viola, cello"; the last one plays all further parts',
    )
    group.add_argument(
        "--without-opening", action="store_true", help="write what follows the opening alone, without the opening"
    )


def _bpm(text: str) -> float:
    try:
        return float(plain_number(text, float))
    except ValueError:
        raise argparse.ArgumentTypeError(f"is '{text}'; it must be a number of quarter notes a minute") from None


def playing_of(options: argparse.Namespace, start: "Piece | None", parts: int) -> Callable[["Piece"], "Piece"]:
    """What makes a piece of so many parts sound as these options say, refused before any work where it can't.

    Raises:
        BadInput: the tempo is none, an instrument is unknown or one too many, or there is no opening to leave out.
    """
    from reprise.music.excerpts import after_bar, bars_of
    from reprise.music.piece import FASTEST_BPM, SLOWEST_BPM

    if options.tempo is not None and not SLOWEST_BPM <= options.tempo <= FASTEST_BPM:
        raise BadInput(f"--tempo: is {options.tempo:g} BPM; it must be {SLOWEST_BPM} to {FASTEST_BPM:,}")
    if options.without_opening and start is None:
        raise BadInput("--without-opening: there is no --opening; give that too")
    players = () if options.instruments is None else programs_of(options.instruments)
    if len(players) > parts:
        raise BadInput(f"--instruments: are {len(players)}; the music has {parts} parts, so name at most as many")
    opening_bars = bars_of(start) if options.without_opening and start else 0

    def play(piece: "Piece") -> "Piece":
        programs = (*players, *players[-1:] * parts)[: len(piece.programs)] if players else piece.programs
        tempo_bpm = piece.tempo_bpm if options.tempo is None else options.tempo
        return replace(after_bar(piece, opening_bars), programs=programs, tempo_bpm=tempo_bpm)

    return play


def programs_of(names: str) -> tuple[int, ...]:
    """General MIDI programs of instruments by name, as prompts or General MIDI name them, parted by commas.

    Raises:
        BadInput: one is unknown; the message names instruments that are spelt alike.
    """
    from pretty_midi import INSTRUMENT_MAP

    from reprise.taste.words.explicit import explicit, lowered
    from reprise.taste.words.lexicon import INSTRUMENT

    known = {name.lower(): program for program, name in enumerate(INSTRUMENT_MAP)}
    programs: list[int] = []
    for name in (name.strip() for name in names.split(",")):
        said = [own for own in explicit(name) if own.name == INSTRUMENT and own.stop - own.start == len(lowered(name))]
        program = known.get(name.lower(), said[0].value if said else None)
        if not isinstance(program, int):
            near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
            right = f", such as {', '.join(near)}" if near else ", such as violin, cello, piano or church organ"
            raise BadInput(f"--instruments: '{name}' is unknown; it must be an instrument{right}")
        programs.append(program)
    return tuple(programs)
