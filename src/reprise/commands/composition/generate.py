"""`reprise generate`: new music, from nothing, from the opening of a score, or from words."""

import argparse
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from reprise.checked import LARGEST_SEED
from reprise.commands.arguments import sampling_option, whole_number
from reprise.commands.composition.candidates import add_candidates, compose_best
from reprise.commands.composition.chords import bars_for, kept_to
from reprise.commands.composition.openings import print_opening, told_of_opening
from reprise.commands.composition.playing import add_playing, playing_of
from reprise.commands.composition.prompted import add_prompt, check_prompt, run_prompted
from reprise.commands.output import add_force, check_out, print_error, print_json, progress
from reprise.composition.sampling.rules import OPTIONS, SAMPLING, load_rules
from reprise.composition.use.models import MODELS_FOLDER, model_folder
from reprise.errors import BadInput, FontError

if TYPE_CHECKING:
    from reprise.composition.models.trained import TrainedModel
    from reprise.music.piece import Piece

DEFAULT_BARS, DEFAULT_OPENING_BARS = 16, 2
MOST, MOST_PIECES = 20_000, 10_000  # notes, or bars, of a piece; pieces
WRITABLE = (".mid", ".musicxml", ".svg", ".wav")
FONTS = Path("data/fonts")
SAMPLE_RATE = 44100


def add_generate(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise generate`."""
    parser = commands.add_parser(
        "generate",
        help="compose new music, from nothing, from the opening of a score, or from words",
        description="Compose new music with a trained model and write it as MIDI, MusicXML or sound. The same "
        "options and seed give the same music; a larger count adds pieces.",
        epilog="examples: reprise generate --bars 32 --temperature 0.9 -o new.mid -o new.wav; "
        'reprise generate --prompt "bitter music, ambient for fine restaurant" -o bitter.mid -o bitter.wav; '
        'reprise generate --chords "I IV V7 I" --key "D major" -o new.mid (a bar each); '
        '--chords "C:2 F:2 G7 C/E" (so many beats); --chords "C F | G7 | C" (the chords of a bar share it)',
    )
    add_model(parser)
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--notes", type=whole_number(1, MOST), metavar="N", help="exactly so many notes, those of an opening included"
    )
    length.add_argument(
        "--bars",
        type=whole_number(1, MOST),
        metavar="N",
        help=f"so many bars, those of an opening included (default: {DEFAULT_BARS}, or as many as --chords take)",
    )
    add_drawing(parser)
    parser.add_argument(
        "--opening", "--seed-file", type=Path, metavar="FILE", help="a score whose opening is continued"
    )
    parser.add_argument(
        "--opening-bars",
        "--seed-bars",
        type=whole_number(1, MOST),
        metavar="N",
        help=f"how many bars of that score are its opening (default: {DEFAULT_OPENING_BARS})",
    )
    add_candidates(parser)
    add_playing(parser)
    add_prompt(parser)
    add_outs(parser)
    parser.set_defaults(run=run_generate)


def add_drawing(parser: argparse.ArgumentParser, without: tuple[str, ...] = ()) -> None:
    """Declare the sampling options, but for some, and --seed."""
    drawing = parser.add_argument_group(
        "sampling",
        f"How notes are drawn. What isn't given is as the model's music was measured with ({SAMPLING} in its folder); "
        "the defaults below hold where that isn't there.",
    )
    for name, option in OPTIONS.items():
        if name not in without:
            sampling_option(drawing, name, option)
    parser.add_argument(
        "--seed",
        type=whole_number(0, LARGEST_SEED),
        metavar="N",
        help="of the random numbers; drawn and printed if it isn't given",
    )


def add_outs(parser: argparse.ArgumentParser) -> None:
    """Declare --count, --out, --force and --json."""
    parser.add_argument(
        "--count",
        type=whole_number(1, MOST_PIECES),
        metavar="N",
        default=1,
        help="so many pieces; their files get numbers",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        action="append",
        required=True,
        help=f"where the music goes, ending in {', '.join(WRITABLE)}; give it again for another format",
    )
    add_force(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Declare --model."""
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help=f"a model of {MODELS_FOLDER} by its name, or a folder with one (default: the one with fewest nats a "
        f"note on validation pieces, {_best()})",
    )


def _best() -> str:
    try:
        return f"now {model_folder(None).name}".replace("%", "%%")  # which argparse would fill in
    except BadInput:
        return "of which there is none yet"


def run_generate(options: argparse.Namespace) -> int:
    """Compose and write."""
    check_prompt(options)
    font = check_outs(options)
    if options.prompt is not None:
        return run_prompted(options, font)
    from reprise.composition.sampling.compose import chords_of
    from reprise.composition.use.composing import TOGETHER, describe, generate
    from reprise.music.analysis.keyfinding import parse_key

    folder = model_folder(options.model)
    rules, measured = load_rules(folder)
    rules = rules.told(vars(options))
    bars = options.bars or (None if options.notes or rules.chords else DEFAULT_BARS)
    start = _start(options, bars)
    trained = open_model(folder)
    chords = chords_of(rules, start.metre if start else trained.config.metre, start)
    bars = bars_for(chords, bars, options.notes) if chords else bars
    play = playing_of(options, start, len(trained.config.programs))
    opening = {"opening": told_of_opening(start, trained)} if start else {}
    seed = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    # Bars have any number of notes, and a key takes any number of tries.
    count = options.count * (options.candidates or 1)
    total = None if rules.key and not chords else options.notes and options.notes * -(-count // TOGETHER)
    with progress(total, "composing", "notes") as advance:

        def compose(count: int) -> "list[Piece]":
            return generate(trained, rules, seed, count, options.notes, bars, start, advance)

        made, chosen = compose_best(options, trained, start, compose)
    described = []
    for item, (piece, told) in enumerate(zip(made, chosen), 1):
        kept = kept_to(piece, chords) if chords else {}
        piece = play(piece)
        files = [numbered(path, item, options.count) for path in options.out]
        for file in files:
            write(piece, file, font)
        described.append({"files": [str(file) for file in files], **describe(piece), **kept, **told})
        if rules.key and not chords and described[-1]["key"] != parse_key(rules.key).name:
            print_error(f"{files[0]}: isn't in {rules.key}, but in {described[-1]['key']}; try another --seed")
    if options.json:
        print_json({
            "model": options.model or folder.name,
            "seed": seed,
            "sampling": {**asdict(rules), "field_temperature": dict(rules.field_temperature)},
            "sampling_is_measured": measured,
            **opening,
            "pieces": described,
        })  # fmt: skip
        return 0
    if not measured:
        print(f"{folder / SAMPLING}: isn't there, so the sampling options are as `--help` says")
    for told in opening.values():
        print_opening(told)
    for new in described:  # after all are written: whoever reads this may go, as `head` does
        print_piece(new, seed)
    return 0


def open_model(folder: Path) -> "TrainedModel":
    """The model in a folder, and one thread to use it with."""
    import torch

    from reprise.composition.models.trained import load_model

    torch.set_num_threads(1)  # an event at a time: threads gain nothing, and the last bits depend on their number
    return load_model(folder)


def check_outs(options: argparse.Namespace) -> Path | None:
    """Refuse before the work what can't be written after it; the sound font, if one is needed."""
    for path in options.out:
        for item in range(1, options.count + 1):
            check_out("--out", numbered(path, item, options.count), WRITABLE, options.force)
    return _font() if any(path.suffix.lower() == ".wav" for path in options.out) else None


def _font() -> Path:
    from reprise.audio.fonts import FontParams, font_path
    from reprise.params import load_section

    try:
        return font_path(FONTS, load_section(FontParams, "fonts").clean)
    except FontError as error:
        raise FontError(f"{error}: ./run repro collect_fonts") from error


def _start(options: argparse.Namespace, bars: int | None) -> "Piece | None":
    """The opening to continue; None from nothing."""
    from reprise.composition.sampling.opening import opening
    from reprise.music.scores import read_piece

    if options.opening is None:
        if options.opening_bars is not None:
            raise BadInput(f"--opening-bars: is {options.opening_bars}, but there is no --opening; give that too")
        return None
    opening_bars = options.opening_bars or DEFAULT_OPENING_BARS
    if bars is not None and bars <= opening_bars:
        raise BadInput(f"--bars: is {bars}; it must be more than the {opening_bars} of the opening, which it includes")
    return opening(read_piece(options.opening), opening_bars)


def numbered(path: Path, item: int, count: int) -> Path:
    """`path` itself for one piece; new.mid becomes new-01.mid for one of many."""
    return path if count == 1 else path.with_stem(f"{path.stem}-{item:0{len(str(count))}d}")


def write(piece: "Piece", path: Path, font: Path | None, level_db: float | None = None) -> None:
    """A piece in the format of `path`; sound on `font`, as loud as usual or at an active RMS in dBFS."""
    from reprise.music.scores import write_piece

    if path.suffix.lower() != ".wav" or font is None:
        write_piece(piece, path)
        return
    from reprise.audio.files import encode
    from reprise.audio.play import LEVEL_DB, play_piece
    from reprise.pipeline.shards import write_atomically

    sound = play_piece(piece, font, SAMPLE_RATE, LEVEL_DB if level_db is None else level_db)
    write_atomically(path, encode(sound, SAMPLE_RATE, "WAV"))


def print_piece(piece: dict, seed: int) -> None:
    """A new piece in one line."""
    facts = f"{piece['notes']:,} notes, {piece['bars']:,} bars of {piece['metre']}, {piece['key'] or 'no key'}"
    chosen = f"; candidate {piece['candidate']} of {piece['candidates']}" if "candidate" in piece else ""
    print(f"{', '.join(piece['files'])}: {facts}, {piece['duration_s']:.1f} s; seed {seed}{chosen}")
