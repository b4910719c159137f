"""What each part of the recipe of the small CLAP brings: trained with and without it, measured on validation clips.

Every recipe is the section `clap` of params.yaml with some keys changed, trained on the clips and the recognizer of
`./run`. Test clips are never read. A row is added to results/clap_recipes.json, or takes the place of the recipe's
former one.

    python -m benchmarks.embedding.clap_recipes                  # all: 5 minutes each, the fine-tuned one an hour
    python -m benchmarks.embedding.clap_recipes base sigmoid     # these alone
    python -m benchmarks.embedding.clap_recipes base --set pair_weight=1
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from benchmarks.embedding.trained import clap_set, section, train_clap
from benchmarks.machine import RESULTS, ROOT, describe_machine, need, write_json
from benchmarks.measure import run_script, table
from reprise.checked import build
from reprise.embedding.clap.data import ClapSet
from reprise.embedding.clap.model import SmallClap
from reprise.embedding.clap.train import ClapParams
from reprise.embedding.evaluation.evaluate import (
    NOTES,
    SOUND,
    ClapEvaluationParams,
    audio_to_notes,
    embed_set,
    flips,
    text_to_audio,
)
from reprise.embedding.evaluation.prompted import instrument_prompts
from reprise.errors import BadInput
from reprise.recognition.metrics import average_precision

RECIPES: dict[str, dict] = {
    "base": {},
    "sigmoid": {"loss": "sigmoid"},
    "without notes": {"notes": False},
    "without flips": {"flip_weight": 0.0},
    "fine-tuned": {"fine_tune": True},
}
FILE = RESULTS / "clap_recipes.json"
SHOWN = ("minutes", "instruments_map", "flips_sound", "flips_notes", "text_to_audio_r_at_10", "audio_to_notes_r_at_1")
OF_SOUND = ("instrument", "mean_pitch", "onset_rate", "articulation", "loudness", "brightness")


def measured(embedder: SmallClap, validation: ClapSet, params: ClapEvaluationParams) -> dict[str, float]:
    """The figures of an embedder on validation clips, in the words of training: held-out words choose nothing."""
    own = embed_set(embedder, validation)
    scores = own.vectors[SOUND] @ instrument_prompts(embedder, held_out=False).T
    of_sound, of_notes = (flips(embedder, own, kind, params, held_out=False) for kind in (SOUND, NOTES))
    found = {
        "instruments_map": float(average_precision(validation.labels, scores).mean()),
        "flips_sound": float(np.mean([of_sound[topic]["value"] for topic in OF_SOUND])),
        "flips_notes": float(np.mean([row["value"] for row in of_notes.values()])),
        "text_to_audio_r_at_10": text_to_audio(embedder, own, params)["r_at_10_seen_words"]["value"],
        "audio_to_notes_r_at_1": audio_to_notes(own, params)["r_at_1"]["value"],
        **{f"sound: {topic}": row["value"] for topic, row in of_sound.items()},
        **{f"notes: {topic}": row["value"] for topic, row in of_notes.items()},
    }
    return {name: round(value, 4) for name, value in found.items()}


def try_recipe(name: str, changes: dict) -> dict:
    """Train with these changes of the section `clap`; the row of the results."""
    params = build(ClapParams, asdict(section(ClapParams, "clap")) | changes, "clap")
    sets = clap_set("train"), clap_set("validation")
    start = time.perf_counter()
    embedder, curves = train_clap(ROOT / "models" / "recognizer", params, sets)
    minutes = round((time.perf_counter() - start) / 60, 1)
    found = measured(embedder, sets[1], section(ClapEvaluationParams, "clap_evaluation"))
    return {"recipe": name, "changes": changes, "epochs": len(curves), "minutes": minutes, **found}


def parse_changes(settings: list[str]) -> dict:
    """`key=value` settings, values in YAML.

    Raises:
        BadInput: one isn't of that form.
    """
    changes = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise BadInput(f"--set: is '{setting}'; it must be a key of the section clap, =, and a value")
        changes[key] = YAML(typ="safe").load(value)
    return changes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "recipes", nargs="*", choices=[[], *RECIPES], default=[], metavar="RECIPE", help=", ".join(RECIPES)
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change this key as well")
    options = parser.parse_args()
    more = parse_changes(options.set)
    need(Path("data/clips/descriptions.parquet"), "./run makes it")
    rows = json.loads(FILE.read_text())["rows"] if FILE.exists() else []
    for recipe in options.recipes or RECIPES:
        name = ", ".join([recipe, *options.set])
        row = try_recipe(name, RECIPES[recipe] | more)
        rows = [before for before in rows if before["recipe"] != name] + [row]
        write_json(FILE, {"machine": describe_machine(), "rows": rows})
        print(table(["recipe", *SHOWN], [[row["recipe"], *(row[key] for key in SHOWN)] for row in rows]))


if __name__ == "__main__":
    run_script(main)
