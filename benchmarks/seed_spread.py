"""How far figures move when nothing but the seed of training changes: what is noise to a reader of `metrics diff`.

In a clone each model is trained with three seeds on the same data, the pipeline's own seed first, and evaluated as the
pipeline does it. A figure's spread is its highest value less its lowest. Its 95 % interval says how far it depends on
the test items, not on the seed: a difference between two commits means something where it is larger than both.

    python -m benchmarks.seed_spread                          # the recognizer and the three models
    python -m benchmarks.seed_spread --only lstm --only vae
    python -m benchmarks.seed_spread --profile smoke          # a first look; its figures mean nothing

The clone in .reprise/benchmarks begins with what `./run` has made, so the first seed costs nothing after it. A model's
rows are written when it is done, beside those of other models: an interrupted run goes on with --only. Delete the clone
when done (some 3 GB); `./run gc -w` then frees the cache of what the other seeds made.
"""

import argparse
import json
from pathlib import Path

from benchmarks.clone import Clone
from benchmarks.machine import RESULTS, ROOT, report
from benchmarks.measure import run_script, table
from reprise.checked import require_seed
from reprise.composition.models.trained import MODELS
from reprise.learning.bootstrap import rounded, with_interval
from reprise.params import PARAMS_FILE, read_yaml
from scripts import profile_clone

RECOGNIZER = "recognizer"
SECTIONS = {RECOGNIZER: ("recognizer",), **dict.fromkeys(MODELS, ("models", "training"))}  # where the seed is
SEEDS = 3


def seeds_from(first: int) -> tuple[int, ...]:
    """The pipeline's own seed and those after it.

    Raises:
        ParamsError: one is too large.
    """
    seeds = tuple(range(first, first + SEEDS))
    require_seed(seeds[-1])
    return seeds


def own_seed(model: str, params: dict) -> int:
    """The seed of a model's training in params.yaml."""
    for key in (*SECTIONS[model], "seed"):
        params = params[key]
    return params


def changes_for(model: str, seed: int) -> dict:
    """The params that differ where a model is trained with a seed."""
    changes = {"seed": seed}
    for key in reversed(SECTIONS[model]):
        changes = {key: changes}
    return changes


def make_clone(profile: str | None) -> Clone:
    """The clone in which everything runs, made once: whoever edits meanwhile changes nothing there.

    Raises:
        ParamsError: there is no such profile.
    """
    changes = profile_clone.read_profile(ROOT, profile) if profile else {}
    name = "seed-spread" + f"-{profile}" * bool(profile)
    return Clone(name, changes | {"compute": {"tracking": False}}, begins_with_results=not profile)


def stage_of(model: str) -> tuple[str, str]:
    """The stage that evaluates a model, and its metrics."""
    if model == RECOGNIZER:
        return "evaluate_recognizer", "metrics/recognizer.json"
    return f"evaluate_composer@{model}", f"metrics/composer/{model}.json"


def figures_of(model: str, metrics: dict) -> dict[str, dict | float]:
    """What is compared, by name: estimates, and standardised differences at the temperature nearest to 1."""
    if model == RECOGNIZER:
        return {f"{name} macro_f1": row["macro_f1"] for name, row in metrics.items() if "macro_f1" in row}
    wanted = ("nats_per_note", "pitch_accuracy", "pitch_accuracy_past_only")
    found = {f"{split} {key}": metrics[split][key] for split in ("validation", "test") for key in wanted}
    apart = metrics["standardised_difference"]
    nearest = min(apart, key=lambda key: abs(float(key) - 1))
    return found | {f"difference of {name}, T = {nearest}": value for name, value in apart[nearest].items()}


def spread_of(model: str, by_seed: dict[int, dict]) -> list[dict]:
    """A row a figure that every seed has: its value at each seed, how far they lie apart, and the first one's interval.

    `interval_width` is left out where the figure has no interval.
    """
    figures = {seed: figures_of(model, metrics) for seed, metrics in by_seed.items()}
    first, *others = figures.values()
    rows = []
    for name, found in first.items():
        if not all(name in other for other in others):
            continue
        values = [own[name]["value"] if isinstance(own[name], dict) else own[name] for own in figures.values()]
        row = {"model": model, "figure": name, "values": dict(zip(map(str, figures), values))}
        row["spread"] = rounded(max(values) - min(values))
        if isinstance(found, dict):
            row["estimate"] = found
            if "low" in found:
                row["interval_width"] = rounded(found["high"] - found["low"])
        rows.append(row)
    return rows


def measure(model: str, clone: Clone) -> list[dict]:
    """Train and evaluate one model with each seed, its own one first; see `spread_of`."""
    params = clone.folder / PARAMS_FILE
    before = params.read_bytes()  # the models share their seed: the next one begins with its own, too
    stage, path = stage_of(model)
    by_seed = {}
    for seed in seeds_from(own_seed(model, read_yaml(params))):
        profile_clone.overlay(params, changes_for(model, seed), f"seed {seed}")
        clone.repro(stage)
        by_seed[seed] = json.loads((clone.folder / path).read_text(encoding="utf-8"))
    params.write_bytes(before)
    return spread_of(model, by_seed)


def known_rows(path: Path) -> list[dict]:
    """The rows of an earlier run, or none."""
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []


def merged(known: list[dict], new: list[dict]) -> list[dict]:
    """The rows of each model once, new ones in the place of known ones, models in their usual order."""
    models = {row["model"] for row in new}
    kept = [row for row in known if row["model"] not in models]
    return sorted(kept + new, key=lambda row: list(SECTIONS).index(row["model"]))


def show(rows: list[dict]) -> str:
    head = (
        "model",
        "figure",
        *(f"seed {i + 1}" for i in range(SEEDS)),
        "spread",
        "interval",
        "95 % interval of seed 1",
    )
    body = []
    for row in rows:
        values = [f"{value:.3f}" for value in row["values"].values()]
        width = f"{row['interval_width']:.3f}" if "interval_width" in row else ""
        whole = with_interval(row["estimate"]) if "estimate" in row else ""
        body.append((row["model"], row["figure"], *values, f"{row['spread']:.3f}", width, whole))
    return table(head, body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this model; give it again for another")
    parser.add_argument("--profile", help="the params of profiles/PROFILE.yaml; nothing is written")
    args = parser.parse_args()
    clone = make_clone(args.profile)
    name, rows = Path(__file__).stem, []
    for model in args.only or SECTIONS:
        rows += measure(model, clone)
        print(show(rows))
        report(name, {"rows": merged(known_rows(RESULTS / f"{name}.json"), rows)}, quick=bool(args.profile))


if __name__ == "__main__":
    run_script(main)
