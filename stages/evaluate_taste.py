"""Stage evaluate_taste: how well the music from words does what was asked, beside controls."""

import json

from reprise.embedding.clap.model import SmallClap
from reprise.embedding.maps import draw_map
from reprise.errors import RepriseError
from reprise.pipeline.stage import Stage, run_stage
from reprise.taste.evaluation.evaluate import TasteEvaluationParams, evaluate_taste
from reprise.taste.evaluation.plots import draw_taste


def main(stage: Stage) -> None:
    embedder = SmallClap(stage.dep("models/clap"))
    checked = json.loads(stage.dep("metrics/clap.json").read_text())["checkpoint_sha256"]
    if embedder.checkpoint_sha256 != checked:
        raise RepriseError("models/clap: isn't the CLAP whose health metrics/clap.json says; run evaluate_clap first")
    params = stage.params(TasteEvaluationParams, "taste_evaluation")
    metrics, drawn = evaluate_taste(params, embedder, stage.dep("data/taste"))
    stage.write_metrics("metrics/taste.json", metrics)
    folder = stage.out("plots/taste")
    draw_taste(metrics, folder)
    draw_map(drawn, "music of the base prompts, by sound", folder / "map.png")


if __name__ == "__main__":
    run_stage(main)
