"""`reprise generate --prompt`: music from words."""

import argparse
import secrets
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reprise.commands.output import print_error, print_json, progress
from reprise.composition.use.models import MODELS_FOLDER
from reprise.errors import BadInput

if TYPE_CHECKING:
    from reprise.taste.composer import ConditionedComposer
    from reprise.taste.words.understanding import Understood

MODEL = "conditioned"
EMBEDDER = Path("models/clap")
GUIDANCE = 3.0
NOT_WITH = {
    "opening": "--opening",
    "opening_bars": "--opening-bars",
    "notes": "--notes",
    "without_opening": "--without-opening",
    "candidates": "--candidates",
    "choose": "--choose",
}
IN_WORDS = {"tempo": "--tempo", "instruments": "--instruments"}  # which a prompt asks for


def add_prompt(parser: argparse.ArgumentParser) -> None:
    """Declare --prompt and what goes with it."""
    group = parser.add_argument_group(
        "music from words",
        "What was understood is printed. Explicit words are obeyed: tempo, key, metre, register, articulation, "
        "loudness, instruments, parts, length; a taste (sweet, sour, salty, bitter) by a table of what people match "
        "with it; the rest as far as the small CLAP knows its words.",
    )
    group.add_argument(
        "--prompt", metavar="TEXT", help='what the music should be like, such as "a slow waltz for cello"'
    )
    group.add_argument(
        "--override", metavar="TEXT", help='words that count above those of the prompt, such as "90 BPM, staccato"'
    )
    group.add_argument(
        "--guidance",
        type=_guidance,
        metavar="X",
        help=f"how far the composer follows what it is told, from 0 (not at all) to 20 (default: {GUIDANCE:g})",
    )


def _guidance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 20:
        raise argparse.ArgumentTypeError(f"is '{text}'; it must be a number from 0 to 20")
    return value


def check_prompt(options: argparse.Namespace) -> None:
    """Refuse options that don't go with a prompt, or need one.

    Raises:
        BadInput: the message names the option.
    """
    if options.prompt is None:
        for name in ("override", "guidance"):
            if getattr(options, name) is not None:
                raise BadInput(f"--{name}: needs a --prompt; give that too")
        return
    for name, option in IN_WORDS.items():
        if getattr(options, name) is not None:
            raise BadInput(f"{option}: doesn't go with --prompt; say it there, or in --override")
    for name, option in NOT_WITH.items():
        if getattr(options, name) not in (None, False):
            raise BadInput(f"{option}: doesn't go with --prompt; leave one of them out")


def run_prompted(options: argparse.Namespace, font: Path | None) -> int:
    """Understand, compose and write."""
    import torch

    from reprise.commands.composition.generate import numbered, print_piece, write
    from reprise.composition.use.composing import describe
    from reprise.taste.composer import home_of

    torch.set_num_threads(1)
    composer = open_composer(options, font or Path())
    understood = wishes(options, composer)
    plan = composer.plan(understood)
    seed = secrets.randbelow(1 << 31) if options.seed is None else options.seed
    with progress(None, "composing", "pieces"):
        pieces = composer.compose([plan] * options.count, [(seed, item) for item in range(options.count)])
    described = []
    for item, piece in enumerate(pieces, 1):
        piece = replace(piece, title=options.prompt, subtitle=f"{composer.name}, seed {seed}")
        files = [numbered(path, item, options.count) for path in options.out]
        for file in files:
            write(piece, file, font, plan.level_db)
        described.append({"files": [str(file) for file in files], **describe(piece)})
        asked = home_of(plan.told.frame)
        if asked and described[-1]["key"] != asked.name:
            print_error(f"{files[0]}: isn't in {asked.name}, but in {described[-1]['key']}; try another --seed")
    if options.json:
        print_json({
            "prompt": options.prompt,
            "understood": list(plan.lines),
            "told": {**plan.told.attributes, **asdict(plan.told.frame)},
            "guidance": composer.guidance,
            "model": composer.trained.config.model,
            "seed": seed,
            "pieces": described,
        })  # fmt: skip
        return 0
    for line in plan.lines:
        print(f"  {line}")
    for new in described:
        print_piece(new, seed)
    return 0


def open_composer(options: argparse.Namespace, font: Path) -> "ConditionedComposer":
    """The composer that takes orders, with the small CLAP where there is one.

    Raises:
        BadInput: there is no such model.
    """
    from reprise.composition.models.trained import load_model
    from reprise.embedding.clap.model import SmallClap
    from reprise.learning.weights import CONFIG
    from reprise.taste.composer import RULES, ConditionedComposer

    folder = (
        Path(options.model)
        if options.model and Path(options.model).is_dir()
        else MODELS_FOLDER / (options.model or MODEL)
    )
    if not (folder / CONFIG).is_file():
        raise BadInput(f"{folder}: has no model that takes orders; make it with ./run, or leave out --prompt")
    rules = RULES.told(vars(options) | {"key": None})
    embedder = SmallClap(EMBEDDER) if (EMBEDDER / CONFIG).is_file() else None
    guidance = GUIDANCE if options.guidance is None else options.guidance
    return ConditionedComposer(load_model(folder), font, guidance, embedder, rules=rules)


def wishes(options: argparse.Namespace, composer: "ConditionedComposer") -> "Understood":
    """What the prompt asks for, and above it the override and the options --bars and --key.

    Raises:
        BadInput: the prompt or the override is empty or very long.
    """
    from reprise.music.analysis.keyfinding import parse_key
    from reprise.taste.words.patterns import BARS, KEY
    from reprise.taste.words.understanding import overridden

    understood = composer.understand(options.prompt)
    if options.override is not None:
        understood = overridden(understood, options.override)
    if options.bars is not None:
        understood = understood.told(BARS, options.bars, "--bars")
    if options.key is not None:
        understood = understood.told(KEY, parse_key(options.key).name, "--key")
    return understood
