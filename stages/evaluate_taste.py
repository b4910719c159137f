"""Stage evaluate_taste: how well the music from words does what was asked, beside controls."""

from reprise.embedding.clap.model import SmallClap
from reprise.pipeline.stage import Stage, run_stage
from reprise.taste.evaluation.evaluate import TasteEvaluationParams, evaluate_taste
from reprise.taste.evaluation.plots import draw_taste


def main(stage: Stage) -> None:
    metrics = evaluate_taste(
        stage.params(TasteEvaluationParams, "taste_evaluation"),
        SmallClap(stage.dep("models/clap")),
        stage.dep("data/taste"),
    )
    stage.write_metrics("metrics/taste.json", metrics)
    draw_taste(metrics, stage.out("plots/taste"))


if __name__ == "__main__":
    run_stage(main)
