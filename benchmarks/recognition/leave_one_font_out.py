"""A remedy for unseen timbre, tried on a training font that is left out; the really unseen font is never touched.

The pipeline up to train_recognizer runs in a clone: `fonts.train` without the named font, which stands in for the
unseen one, other clips (`clips.seed`), and the params given with `--set`. What is reported is macro-F1 on the left-out
font's plain rendering of the test clips (the set `unseen_font` there) and on the varied `test`; a row is added to
results/leave_one_font_out.json.

    python -m benchmarks.recognition.leave_one_font_out A320U
    python -m benchmarks.recognition.leave_one_font_out A320U --set recognizer.augment.swap_probability=0.8
    python -m benchmarks.recognition.leave_one_font_out A320U --with OPL-3_FM     # would another training font help?

A training font that plays any of the twelve instruments with samples of the left-out font goes with it.

The clone is kept in .reprise/benchmarks, one a font (some 5 GB each), so that the next remedy for the same font only
trains; delete it when done. The difference between two remedies on the same clips is steadier than either figure, whose
interval says how far it depends on the test clips.
"""

import argparse
import csv
import json
import shlex
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from benchmarks.clone import Clone
from benchmarks.machine import RESULTS, ROOT, describe_machine, report, write_json
from benchmarks.measure import run_script, table
from reprise.audio.fonts import FONTS, FontParams, locate
from reprise.audio.lineage.overlap import played_sounds, shared_instruments
from reprise.audio.lineage.soundfont import open_sound_font
from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import require_seed
from reprise.errors import BadInput
from reprise.learning.bootstrap import with_interval
from reprise.params import PARAMS_FILE, load_section, read_yaml
from reprise.recognition.data import load_set
from reprise.recognition.evaluation.evaluate import EvaluationParams, Predictions, headline
from reprise.recognition.model import load_recognizer
from reprise.recognition.training.train import predict

SETS = {"left_out_font": "unseen_font", "test": "test"}
FILE = RESULTS / "leave_one_font_out.json"


def kin_of(font: str, others: Iterable[str]) -> set[str]:
    """Those of the installed fonts `others` that play any of the twelve instruments with samples of `font`.

    Raises:
        FontError: a font isn't installed.
    """
    own = played_sounds(open_sound_font(locate(FONTS[font])))
    sounds = {name: played_sounds(open_sound_font(locate(FONTS[name]))) for name in others if name != font}
    return {name for name, played in sounds.items() if shared_instruments(own, played)}


def fonts_without(fonts: FontParams, font: str, kin: set[str], more: list[str]) -> dict:
    """The `fonts` section in which `font` plays the unseen one, without its `kin`; the fonts `more` are trained on too.

    Raises:
        BadInput: it isn't a training font, or nothing else is left.
    """
    if font not in fonts.train:
        raise BadInput(f"{font}: not a training font; choose one of {', '.join(fonts.train)}")
    rest = [name for name in fonts.train if name not in {font, *kin}] + more
    if not rest:
        raise BadInput(f"{font}: without it and what shares its samples nothing would be left to train on")
    clean = fonts.clean if fonts.clean in rest else rest[0]
    return {"train": rest, "train_without": [], "clean": clean, "unseen": font}


def parse_overrides(settings: list[str]) -> dict:
    """`section.key=value` settings, values in YAML, as nested params.

    Raises:
        BadInput: one isn't of that form, or would change the fonts or the clips' seed.
    """
    changes: dict = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not all(key.split(".")):
            raise BadInput(f"--set {setting}: must be key=value, such as recognizer.epochs=20")
        if key.split(".")[0] == "fonts" or key == "clips.seed":
            raise BadInput(f"--set {key}: fonts and clips.seed are this script's own; name the font, use --seed")
        try:
            value = YAML(typ="safe", pure=True).load(text)
        except YAMLError as error:
            raise BadInput(f"--set {setting}: the value isn't YAML") from error
        merge(changes, nested(key.split("."), value))
    return changes


def nested(keys: list[str], value: object) -> dict:
    """`value` below a chain of keys: `{a: {b: value}}`."""
    return {keys[0]: nested(keys[1:], value) if len(keys) > 1 else value}


def merge(into: dict, changes: dict) -> dict:
    """Lay nested `changes` over `into`; returns `into`."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
    return into


def changes_for(font: str, kin: set[str], args: argparse.Namespace) -> dict:
    """All params that differ from params.yaml in the clone."""
    changes = {
        "fonts": fonts_without(load_section(FontParams, "fonts", ROOT / PARAMS_FILE), font, kin, args.more),
        "clips": {"seed": args.seed},
        "ceiling": {"clips": 8},
        "compute": {"tracking": False},
    }
    if args.quick:
        smoke = read_yaml(ROOT / "profiles" / "smoke.yaml")
        merge(changes, {name: smoke[name] for name in ("clips", "recognizer", "evaluation")})
        small = next(name for name in smoke["fonts"]["train"] if name not in {font, *kin})
        changes["fonts"] |= {"train": [small], "clean": small}
    if args.clips:
        changes["clips"]["count"] = args.clips
    return merge(changes, parse_overrides(args.set))


def score(folder: Path) -> dict[str, dict]:
    """macro-F1 with its interval on each of `SETS`, of the recognizer in the clone `folder`."""
    params = folder / PARAMS_FILE
    evaluation = load_section(EvaluationParams, "evaluation", params)
    spectrogram = load_section(SpectrogramParams, "spectrogram", params)
    network, config = load_recognizer(folder / "models/recognizer")
    found = {}
    for label, name in SETS.items():
        data = load_set(folder / "data/clips/spectrograms/recognizer", name, spectrogram)
        probabilities = predict(network, data)
        decisions = (probabilities >= np.array(config.thresholds)).astype(float)
        found[label] = headline(Predictions(data.labels, probabilities, decisions, data.count), evaluation)["macro_f1"]
    return found


def run(font: str, args: argparse.Namespace) -> dict:
    """One row: make the clone, run the stages, score the result."""
    kin = kin_of(font, load_section(FontParams, "fonts", ROOT / PARAMS_FILE).train)
    changes = changes_for(font, kin, args)
    clone = Clone("-with-".join([f"without-{font}", *args.more]) + "-quick" * args.quick, changes)
    clone.repro("cache_spectrograms")
    usage = clone.repro("--single-item", "--force", "--no-run-cache", "train_recognizer@recognizer")
    with open(clone.folder / "plots/recognizer/curves.csv", encoding="utf-8") as file:
        epochs = len(list(csv.DictReader(file)))
    figures = score(clone.folder)
    clips = read_yaml(clone.folder / PARAMS_FILE)["clips"]
    if args.quick:
        clone.remove()
    return {
        "font": font,
        "without_too": sorted(kin),
        "with": list(args.more),
        "overrides": list(args.set),
        "macro_f1": figures,
        "clips": clips["count"],
        "clips_seed": clips["seed"],
        "epochs": epochs,
        "training_seconds": round(usage.seconds, 1),
        "machine": describe_machine(),
    }


def earlier_rows(path: Path) -> list[dict]:
    """The rows of earlier runs.

    Raises:
        BadInput: the file is damaged.
    """
    try:
        return json.loads(path.read_text())["rows"] if path.exists() else []
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path.name}: isn't what this script wrote ({error}); move it away") from error


def show(rows: list[dict]) -> str:
    head = ("left out", "left-out font, macro-F1", "test, macro-F1", "clips", "epochs", "seconds", "with", "overrides")
    return table(
        head,
        [
            (
                row["font"],
                *(with_interval(row["macro_f1"][name]) for name in SETS),
                row["clips"],
                row["epochs"],
                f"{row['training_seconds']:.0f}",
                ", ".join(row["with"]) or "none",
                shlex.join(row["overrides"]) or "none",
            )
            for row in rows
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("font", help="the training font to leave out")
    parser.add_argument("--with", dest="more", action="append", default=[], metavar="FONT", help="train on it too")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a param of the clone")
    parser.add_argument("--seed", type=int, default=2, help="clips.seed, not the pipeline's own (2)")
    parser.add_argument("--clips", type=int, help="clips.count (params.yaml's)")
    parser.add_argument("--quick", action="store_true", help="the smoke profile, nothing written or kept")
    args = parser.parse_args()
    require_seed(args.seed, "--seed")
    if args.seed == read_yaml(ROOT / PARAMS_FILE)["clips"]["seed"]:
        raise BadInput(f"--seed: {args.seed} is the pipeline's own; remedies are chosen on other clips")
    rows = earlier_rows(FILE)
    row = run(args.font, args)
    print(show([row] if args.quick else [*rows, row]))
    if args.quick:
        report(FILE.stem, {}, quick=True)
    else:
        write_json(FILE, {"rows": [*earlier_rows(FILE), row]})
        print(f"\nadded to {FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    run_script(main)
