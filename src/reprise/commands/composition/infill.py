"""`reprise harmonise` and `reprise fill`: other parts to a given one, and bars between what stands."""

import argparse
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from reprise.commands.arguments import whole_number
from reprise.commands.composition.generate import (
    add_drawing,
    add_outs,
    check_outs,
    numbered,
    open_model,
    print_piece,
    write,
)
from reprise.commands.output import print_json, progress
from reprise.composition.sampling.rules import SAMPLING, load_rules
from reprise.composition.use.models import MODELS_FOLDER, model_folder

if TYPE_CHECKING:
    from reprise.composition.models.trained import TrainedModel
    from reprise.composition.use.infill import Task
    from reprise.music.piece import Piece

NOT_HERE = ("key", "chords")  # sampling options that what is given has settled
MOST = 20_000  # bars, parts
BARS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def add_harmonise(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise harmonise`."""
    parser = commands.add_parser(
        "harmonise",
        help="write the other parts to a given part of a score",
        description="Write other parts under, over or around a given part, which stays as it is, with a model that "
        "sees all of it ahead. The same options and seed give the same music.",
        epilog="examples: reprise harmonise melody.mid -o out.musicxml -o out.wav; "
        "reprise harmonise choral.musicxml --part 4 --seed 3 -o over_the_bass.mid",
    )
    parser.add_argument("score", type=Path, metavar="MELODY", help="a score with the given part")
    parser.add_argument(
        "--part",
        type=whole_number(1, MOST),
        metavar="N",
        help="the part of the score that is given, counted from 1 (default: the only one, or the highest)",
    )
    parser.add_argument(
        "--voice",
        type=whole_number(1, MOST),
        metavar="N",
        help="which of the model's voices it is, 1 the highest (default: its own number in a score of as many parts as "
        "the model has, else the first one whose range it fits best)",
    )
    parser.add_argument(
        "--parts",
        type=whole_number(2, MOST),
        metavar="N",
        help="so many parts come out, the given one included, of the others the outer ones first (default: all)",
    )
    _add_common(parser)
    parser.set_defaults(run=run_harmonise)


def add_fill(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise fill`."""
    parser = commands.add_parser(
        "fill",
        help="write some bars of a score anew, between what stands",
        description="Write some bars of a score anew with a model that sees what stands before and after them; all "
        "else stays as it is. The same options and seed give the same music.",
        epilog="example: reprise fill piece.musicxml --bars 5-8 -o out.musicxml -o out.mid",
    )
    parser.add_argument("score", type=Path, metavar="PIECE", help="a score, of no more parts than the model has")
    parser.add_argument(
        "--bars",
        type=bars_from,
        metavar="FIRST-LAST",
        required=True,
        help="the bars that are written anew, counted from 1; an incomplete first bar counts",
    )
    _add_common(parser)
    parser.set_defaults(run=run_fill)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help=f"a model of {MODELS_FOLDER} that sees given notes ahead, by its name, or a folder with one",
    )
    add_drawing(parser, without=NOT_HERE)
    add_outs(parser)


def bars_from(text: str) -> tuple[int, int]:
    """The first and the last of some bars, such as 5-8; 5 alone is one bar."""
    found = BARS.fullmatch(text.strip())
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise argparse.ArgumentTypeError(f"is '{text}'; it must be FIRST-LAST, such as 5-8, counted from 1")
    return first, last


def run_harmonise(options: argparse.Namespace) -> int:
    """Write the other parts."""

    def task(trained: "TrainedModel", piece: "Piece") -> "Task":
        from reprise.composition.use.infill import to_harmonise

        return to_harmonise(trained, piece, options.part, options.voice, options.parts)

    return _run(options, task)


def run_fill(options: argparse.Namespace) -> int:
    """Write the bars."""

    def task(trained: "TrainedModel", piece: "Piece") -> "Task":
        from reprise.composition.use.infill import to_fill

        return to_fill(trained, piece, *options.bars)

    return _run(options, task)


def _run(options: argparse.Namespace, task_of: Callable[["TrainedModel", "Piece"], "Task"]) -> int:
    font = check_outs(options)
    folder = model_folder(options.model, ahead=True)
    rules, measured = load_rules(folder)
    rules = rules.told(vars(options))
    from reprise.composition.use.composing import check_rules, describe
    from reprise.composition.use.infill import write_around
    from reprise.music.scores import read_piece

    piece = read_piece(options.score)
    trained = open_model(folder)
    task = task_of(trained, piece)
    check_rules(rules, trained.config)
    seed = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    with progress(None, "composing", "notes") as advance:
        pieces = write_around(trained, task, rules, seed, options.count, advance)
    described = []
    for item, made in enumerate(pieces, 1):
        files = [numbered(path, item, options.count) for path in options.out]
        for file in files:
            write(made, file, font)
        described.append({"files": [str(file) for file in files], **describe(made)})
    if options.json:
        print_json({
            "model": options.model or folder.name,
            "seed": seed,
            "sampling": {**asdict(rules), "field_temperature": dict(rules.field_temperature)},
            "sampling_is_measured": measured,
            "given": task.told,
            "pieces": described,
        })  # fmt: skip
        return 0
    if not measured:
        print(f"{folder / SAMPLING}: isn't there, so the sampling options are as `--help` says")
    print_given(task.told)
    for new in described:
        print_piece(new, seed)
    return 0


def print_given(told: dict) -> None:
    """What stands, in one line."""
    part = f"part {told.get('part')} is voice {told.get('voice')} of the model"
    what = f"bars {told['bars']} are written anew" if "bars" in told else part
    line = f"{told['file']}: {told['notes']:,} notes stay as they are; {what}"
    shift = told.get("read_higher_by_semitones")
    if isinstance(shift, dict):
        by_part = (f"part {part} by {semitones:+d}" for part, semitones in shift.items() if semitones)
        line += f"; the model reads it moved by octaves ({', '.join(by_part)} semitones)"
    elif shift:
        line += f"; the model reads it {shift:+d} semitones higher, and what it writes is moved back"
    left_out = [f"{count:,} {kind}" for kind, count in told.get("left_out_of_the_file", {}).items()]
    print(line + (f"; left out of the file: {', '.join(left_out)}" if left_out else ""))
