"""Stage evaluate_taste: how well the music from words does what was asked, beside controls."""

from reprise.embedding.clap.model import SmallClap
from reprise.embedding.maps import draw_map
from reprise.pipeline.stage import Stage, run_stage
from reprise.taste.evaluation.evaluate import TasteEvaluationParams, evaluate_taste
from reprise.taste.evaluation.plots import draw_taste


def main(stage: Stage) -> None:
    metrics, drawn = evaluate_taste(
        stage.params(TasteEvaluationParams, "taste_evaluation"),
        SmallClap(stage.dep("models/clap")),
        stage.dep("data/taste"),
    )
    stage.write_metrics("metrics/taste.json", metrics)
    folder = stage.out("plots/taste")
    draw_taste(metrics, folder)
    draw_map(drawn, "music of the base prompts, by sound", folder / "map.png")


if __name__ == "__main__":
    run_stage(main)
