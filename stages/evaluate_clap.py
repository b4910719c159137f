"""Stage evaluate_clap: how well sounds, notes and words match, on clips that training never saw."""

from reprise.audio.spectrogram import SpectrogramParams
from reprise.embedding.evaluation.evaluate import ClapEvaluationParams, evaluate_clap
from reprise.embedding.evaluation.plots import draw_flips
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    metrics = evaluate_clap(
        stage.params(ClapEvaluationParams, "clap_evaluation"),
        stage.params(SpectrogramParams, "spectrogram"),
        stage.dep("models/clap"),
        stage.dep("data/clips/manifest.parquet").parent,
    )
    stage.write_metrics("metrics/clap.json", metrics)
    draw_flips(metrics["flips"], stage.out("plots/clap/flips.png"))


if __name__ == "__main__":
    run_stage(main)
