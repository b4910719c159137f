"""Stage summarise_metrics: the few figures that `dvc metrics show` and `dvc metrics diff` print."""

import json

from reprise.learning.summary import summarise
from reprise.pipeline.dvc_files import listed_paths
from reprise.pipeline.stage import Stage, run_stage

MUSIC = "metrics/composer/"


def main(stage: Stage) -> None:
    files = [path for path in listed_paths(stage.entry, "deps") if path.startswith("metrics/")]
    metrics = {path: json.loads(stage.dep(path).read_text()) for path in files}
    models = {path.removeprefix(MUSIC).removesuffix(".json"): found for path, found in metrics.items() if MUSIC in path}
    control = models.pop("conditioned")
    legs = (metrics[f"metrics/{leg}.json"] for leg in ("recognizer", "clap", "taste", "harmonisation"))
    recognizer, clap, taste, harmonisation = legs
    summary = summarise(recognizer, clap, taste, control, harmonisation, models)
    stage.write_metrics("metrics/summary.json", summary)


if __name__ == "__main__":
    run_stage(main)
