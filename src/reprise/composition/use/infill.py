"""Harmonise a melody, fill in bars: what of a person's score is given, and the pieces that come out.

What is given stays as it is, note for note; bad input is refused by name before any work.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from reprise.composition.encoding.notes import most_at_once
from reprise.composition.encoding.notes_vocabulary import bar_length
from reprise.composition.models.infilling.given import Gap
from reprise.composition.models.infilling.teaching import melody_given
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.infilling import Infill, encoding_of, infill, stands, voice_ranges
from reprise.composition.sampling.rules import SamplingRules
from reprise.composition.use.composing import TOGETHER, nothing
from reprise.errors import BadInput
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS

MOST_BARS = 1000
OVERLAP = 1 / TWELFTHS  # beats that a note may sound into the next one of its part


@dataclass(frozen=True)
class Task:
    """What is to be written around what stands.

    Attributes:
        piece: in the model's voices as its parts. gap: what is written. kept: of the voices of what comes out, those
        that stay, in their order. back: the part of the score that each of them becomes.
        told: facts about it, by the names that JSON gets.
    """

    piece: Piece
    gap: Gap
    kept: tuple[int, ...]
    back: tuple[int, ...]
    programs: tuple[int, ...]
    told: dict


def to_harmonise(
    trained: TrainedModel, piece: Piece, part: int | None = None, voice: int | None = None, parts: int | None = None
) -> Task:
    """A part of a piece that is to get others.

    Args:
        part: of the score, counted from 1; None for the only one that has notes, or the highest.
        voice: of the model, counted from 1 from the top, which the part is; None for its own number in a score of as
        many parts as the model has, else for the first one that it fits with the least transposition.
        parts: so many come out, the given one included; None for all that the model has.

    Raises:
        BadInput: there is no such part or voice, it is no melody of two notes or more, or doesn't fit the model.
    """
    voices = encoding_of(trained).parts
    _check_score(trained, piece)
    given = _part_of(piece, part)
    melody = piece.notes[piece.notes["part"] == given].copy()
    where = f"{piece.source}: part {given + 1}"
    if len(melody) < 2:
        raise BadInput(f"{where} has {len(melody)} note; a melody must have two or more")
    ends = melody["onset"] + melody["duration"]
    if most_at_once(melody) > 1 or (ends[:-1] > melody["onset"][1:] + OVERLAP + 1e-6).any():
        raise BadInput(f"{where} sounds several notes at once; it must be one line: choose another with --part")
    _check_within("voice", voice, 1, voices)
    _check_within("parts", parts, 2, voices)
    own = (voice or _voice_of(trained, melody, given if len(piece.programs) == voices else None)) - 1
    melody["part"] = own
    kept = _outermost(own, voices, parts or voices)
    programs = [*trained.config.programs[:voices]]
    programs[own] = piece.programs[given]
    task = Task(
        replace(piece, notes=melody, programs=tuple(programs)),
        melody_given(voices, own),
        kept,
        tuple(range(len(kept))),
        tuple(programs[voice] for voice in kept),
        {"part": given + 1, "voice": own + 1, "parts": len(kept)},
    )
    return replace(task, told=_told(trained, task))


def to_fill(trained: TrainedModel, piece: Piece, first: int, last: int) -> Task:
    """Bars of a piece, counted from 1, that are to be written anew; a bar that begins with an upbeat counts.

    Raises:
        BadInput: there are no such bars, nothing else is there, or the piece doesn't fit the model.
    """
    voices, bars = encoding_of(trained).parts, bars_of(piece)
    _check_score(trained, piece)
    sounding = np.unique(piece.notes["part"]).tolist()
    if len(sounding) > voices:
        raise BadInput(f"{piece.source}: has {len(sounding)} parts; the model knows {voices}: leave some out")
    for part in sounding:
        own = most_at_once(piece.notes[piece.notes["part"] == part])
        if own > encoding_of(trained).chord:
            raise BadInput(f"{piece.source}: part {part + 1} strikes {own} notes at once; the model's parts strike one")
    if not 1 <= first <= last <= bars:
        raise BadInput(f"bars: are {first}-{last}; they must lie within 1-{bars}, the bars of {piece.source}, in order")
    if first == 1 and last == bars:
        raise BadInput(f"bars: are {first}-{last}, all of {piece.source}; some of it must stand")
    chosen = _voices_of(trained, piece, sounding)
    voice_of = dict(zip(sounding, chosen))
    notes = piece.notes.copy()
    notes["part"] = [voice_of[part] for part in notes["part"].tolist()]
    bar = bar_length(piece.metre)
    gap = Gap(tuple(voice in chosen for voice in range(voices)), (first - 1) * bar, last * bar)
    task = Task(
        replace(piece, notes=notes, programs=(0,) * voices),
        gap,
        chosen,
        tuple(sounding),
        piece.programs,
        {"bars": f"{first}-{last}"},
    )
    return replace(task, told=_told(trained, task))


def write_around(
    trained: TrainedModel,
    task: Task,
    rules: SamplingRules,
    seed: int,
    count: int = 1,
    advance: Callable[[], None] = nothing,
) -> list[Piece]:
    """`count` ways to write what is missing; the same arguments give the same pieces, a larger `count` more of them.

    As many are always made together (see `composing.compose_alike`), so that no piece depends on the others.

    Raises:
        BadInput: the rules don't fit the model or what stands.
    """
    pieces: list[Piece] = []
    for at in range(0, count, TOGETHER):
        orders = [Infill(task.piece, task.gap, (seed, item), rules) for item in range(at, at + TOGETHER)]
        pieces += infill(trained, orders, advance)
    model, after = trained.config.model, f"after {Path(task.piece.source).name}"
    return [
        replace(
            _in_parts(piece, task),
            source=f"{model} model",
            title=f"{model} model, seed {seed}" + (f", piece {item}" if item > 1 else ""),
            subtitle=after,
        )
        for item, piece in enumerate(pieces[:count], 1)
    ]


def _in_parts(piece: Piece, task: Task) -> Piece:
    """A piece in the model's voices as the parts of the score."""
    part_of = dict(zip(task.kept, task.back))
    notes = piece.notes[np.isin(piece.notes["part"], task.kept)].copy()
    notes["part"] = [part_of[voice] for voice in notes["part"].tolist()]
    return replace(piece, notes=notes, programs=task.programs)


def _check_score(trained: TrainedModel, piece: Piece) -> None:
    if not len(piece.notes):
        raise BadInput(f"{piece.source}: has no notes")
    if bars_of(piece) > MOST_BARS:
        raise BadInput(f"{piece.source}: has {bars_of(piece):,} bars; at most {MOST_BARS:,} are read")
    if piece.metre not in trained.config.encoding.metres:
        known = ", ".join(f"{beats}/{unit}" for beats, unit in trained.config.encoding.metres)
        raise BadInput(f"{piece.source}: is in {piece.metre[0]}/{piece.metre[1]}; the model knows {known}")


def _check_within(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not low <= value <= high:
        raise BadInput(f"{name}: is {value}; it must be from {low} to {high}, the parts that the model has")


def _part_of(piece: Piece, part: int | None) -> int:
    """The given part, counted from 0."""
    sounding = np.unique(piece.notes["part"]).tolist()
    if part is None:
        return max(sounding, key=lambda own: float(piece.notes["pitch"][piece.notes["part"] == own].mean()))
    if part - 1 not in sounding:
        known = ", ".join(str(own + 1) for own in sounding)
        raise BadInput(f"part: is {part}; {piece.source} has notes in part {known}")
    return part - 1


def _voice_of(trained: TrainedModel, melody: np.ndarray, number: int | None) -> int:
    """The voice of the model, counted from 1, that a melody is."""
    if number is not None:
        return number + 1
    low, high = int(melody["pitch"].min()), int(melody["pitch"].max())
    beyond = [max(least - low, 0) + max(high - most, 0) for least, most in voice_ranges(trained).tolist()]
    return int(np.argmin(beyond)) + 1


def _voices_of(trained: TrainedModel, piece: Piece, parts: Sequence[int]) -> tuple[int, ...]:
    """The voices of the model, from the top, that the parts of a score are: those nearest in register."""
    middles = voice_ranges(trained).mean(axis=1)
    own = np.array([float(piece.notes["pitch"][piece.notes["part"] == part].mean()) for part in parts])
    ways = combinations(range(len(middles)), len(parts))
    return min(ways, key=lambda way: float(np.abs(middles[list(way)] - own).sum()))


def _outermost(given: int, voices: int, count: int) -> tuple[int, ...]:
    """So many voices with the given one: of the others first the lowest, then the highest, then the inner ones."""
    others = [voice for voice in (voices - 1, 0, *range(voices - 2, 0, -1)) if voice != given]
    return tuple(sorted([given, *dict.fromkeys(others)][:count]))


def _told(trained: TrainedModel, task: Task) -> dict:
    """What stands, and how the model reads it."""
    standing = stands(trained, Infill(task.piece, task.gap, (0,)))
    places = np.unique(standing.notes["part"]).tolist()
    moved = [standing.shifts[place] for place in places]
    part_of = dict(zip(task.kept, task.back))
    facts = {
        "read_higher_by_semitones": moved[0]
        if len(set(moved)) == 1
        else {part_of[place] + 1: own for place, own in zip(places, moved)},
        "left_out_of_the_file": dict(task.piece.left_out),
    }
    known = {name: value for name, value in facts.items() if value}
    return {"file": task.piece.source, "notes": len(standing.notes), **task.told, **known}
