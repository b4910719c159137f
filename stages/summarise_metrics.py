"""Stage summarise_metrics: the few figures that `dvc metrics show` and `dvc metrics diff` print."""

import json

from reprise.learning.summary import summarise
from reprise.pipeline.stage import Stage, run_stage

COMPOSERS = ("lstm", "transformer", "vae")


def main(stage: Stage) -> None:
    recognizer = json.loads(stage.dep("metrics/recognizer.json").read_text())
    composers = {name: json.loads(stage.dep(f"metrics/composer/{name}.json").read_text()) for name in COMPOSERS}
    summary = summarise(recognizer, composers)
    stage.write_metrics("metrics/summary.json", summary)


if __name__ == "__main__":
    run_stage(main)
