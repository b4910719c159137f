"""Stage summarise_metrics: the few figures that `dvc metrics show` and `dvc metrics diff` print."""

import json
from pathlib import Path

from reprise.stage import Stage, run_stage
from reprise.summary import summarise

COMPOSERS = ("lstm", "transformer", "vae")


def main(stage: Stage) -> None:
    metrics = Path("metrics")
    composers = {name: json.loads((metrics / f"composer/{name}.json").read_text()) for name in COMPOSERS}
    summary = summarise(json.loads((metrics / "recognizer.json").read_text()), composers)
    stage.write_metrics("metrics/summary.json", summary)


if __name__ == "__main__":
    run_stage(main)
