"""`reprise evaluate-music` and `reprise likelihood`: folders of scores measured."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from reprise.commands.composition.generate import add_model, open_model
from reprise.commands.output import print_error, print_json, print_table, progress
from reprise.composition.use.models import model_folder
from reprise.errors import BadInput

if TYPE_CHECKING:
    from reprise.music.piece import Piece

DECIMALS = 3


def add_evaluate_music(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise evaluate-music`."""
    parser = commands.add_parser(
        "evaluate-music",
        help="measure a folder of scores, also against a reference",
        description="Musical measures of the scores in a folder (MIDI, MusicXML, ABC, Humdrum) and measures of their "
        "style, as far as they apply: voice leading, harmony, cadences, endings, repetition. With a reference, "
        "how far the music differs from it and what it copies. Of files alike but for the extension one is read.",
        epilog="example: reprise evaluate-music generated --reference bach",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the music")
    parser.add_argument("--reference", type=Path, metavar="DIR", help="a folder with the music to compare it with")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_evaluate_music)


def add_likelihood(commands: argparse._SubParsersAction) -> None:
    """Declare `reprise likelihood`."""
    parser = commands.add_parser(
        "likelihood",
        help="say how likely a model finds scores",
        description="Nats a note of every score in a folder under a trained model, and over all of them; less is "
        "likelier. A score that the model's vocabulary can't express is reported and left out.",
        epilog="example: reprise likelihood chorales --model lstm",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the scores")
    add_model(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_likelihood)


def run_evaluate_music(options: argparse.Namespace) -> int:
    """Measure a folder; 2 if a score couldn't be read."""
    from reprise.composition.use.scores import evaluate_music

    pieces, skipped = _read(options.folder)
    reference, further = _read(options.reference) if options.reference else ((), [])
    result = {"folder": str(options.folder), **evaluate_music(pieces, reference), "skipped": skipped + further}
    if options.json:
        print_json(result)
    else:
        print_measures(result)
    return BadInput.exit_code if result["skipped"] else 0


def run_likelihood(options: argparse.Namespace) -> int:
    """Score a folder; 2 if a score couldn't be used."""
    from reprise.composition.use.scores import likelihood

    model = model_folder(options.model)
    trained = open_model(model)
    pieces, skipped = _read(options.folder)
    result = likelihood(trained, pieces)
    for row in result["skipped"]:
        print_error(row["error"])
    result = {
        "model": options.model or model.name,
        "folder": str(options.folder),
        **result,
        "skipped": skipped + result["skipped"],
    }
    if options.json:
        print_json(result)
    else:
        print_likelihood(result)
    return BadInput.exit_code if result["skipped"] else 0


def _read(folder: Path) -> tuple[list["Piece"], list[dict]]:
    """The pieces in a folder; what can't be read is reported.

    Raises:
        BadInput: nothing can be.
    """
    from reprise.composition.use.scores import find_scores, read_scores

    paths = find_scores(folder)
    with progress(len(paths), f"reading {folder}", "scores") as advance:
        pieces, skipped = read_scores(paths, advance)
    for row in skipped:
        print_error(row["error"])
    if not pieces:
        raise BadInput(f"{folder}: none of its scores can be read; the lines above say why")
    return pieces, skipped


def print_measures(result: dict) -> None:
    """A line for each measure, beside the reference's where there is one."""
    from reprise.learning.bootstrap import with_interval

    reference = result.get("reference")
    against = f", against {reference['pieces']}" if reference else ""
    print(f"{result['pieces']} pieces{against}, {len(result['skipped'])} skipped; 95 % intervals in brackets")
    if reference:
        print("  measured over as many bars: each side is cut to the lengths of the other")
    _print_compared("measure", result)
    _print_compared("style", result["style"])
    if reference:
        found = result["originality"]
        rows = [[name, with_interval(figure)] for name, figure in found.items() if isinstance(figure, dict)]
        print_table("<<", ["originality", "value"], [*rows, ["worst_copied_run", str(found["worst_copied_run"])]])


def _print_compared(title: str, found: dict) -> None:
    """A line for each of some measures, beside the reference's where there is one."""
    from reprise.learning.bootstrap import with_interval

    header, rows = [title, "value"], []
    for name, figure in found["measures"].items():
        rows.append([name, with_interval(figure)])
        if "reference" in found:
            difference = found["standardised_difference"].get(name)
            theirs = found["reference"]["measures"].get(name)
            rows[-1] += [with_interval(theirs) if theirs else "-", "-" if difference is None else f"{difference:+.2f}"]
    print_table("<<<>", [*header, *["reference", "difference in sd"] * ("reference" in found)], rows)


def print_likelihood(result: dict) -> None:
    """The figures over all scores, then a line for each."""
    from reprise.learning.bootstrap import with_interval

    least = "at most " if result["is_bound"] else ""
    counts = f"{result['pieces']} scores, {result['notes']:,} notes, {len(result['skipped'])} skipped"
    print(f"{counts}; 95 % interval in brackets")
    print(
        f"  {least}{with_interval(result['nats_per_note'])} nats a note, perplexity {least}{result['perplexity']:.2f}"
    )
    if result["is_bound"]:
        print(f"  a bound: what the model's latents cost is in it, {result['kl_nats']:.{DECIMALS}f} nats a note")
    fields = list(result["nats"])
    total = {**result, "file": "all", "nats_per_note": result["nats_per_note"]["value"]}
    rows = [[row["file"], f"{row['notes']:,}", *_values(row)] for row in (*result["scores"], total)]
    print_table("<" + ">" * (len(fields) + 3), ["score", "notes", "nats a note", "perplexity", *fields], rows)


def _values(row: dict) -> list[str]:
    values = (row["nats_per_note"], row["perplexity"], *row["nats"].values())
    return [f"{value:.{DECIMALS}f}" for value in values]
