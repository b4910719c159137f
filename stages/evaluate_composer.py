"""Stage evaluate_composer: likelihood, measures and originality of one of the composers, beside real held-out music."""

from pathlib import Path

from reprise.composition.composer import load_composer
from reprise.composition.evaluate import MusicEvaluationParams, evaluate_composer
from reprise.composition.music import MusicParams
from reprise.composition.plots import draw_composer
from reprise.composition.temperature import draw_temperature
from reprise.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params, bars = stage.params(MusicEvaluationParams, "music_evaluation"), stage.params(MusicParams, "sampling").bars
    model, music = Path("models/composer") / stage.item, Path("data/music") / stage.item
    metrics, compared = evaluate_composer(params, bars, Path("data/corpus"), model, music)
    stage.write_metrics(f"metrics/composer/{stage.item}.json", metrics)
    plots = stage.out(f"plots/composer/{stage.item}/evaluation")
    draw_composer(metrics, compared, plots)
    draw_temperature(load_composer(model), compared["reference"], plots / "temperature.png")


if __name__ == "__main__":
    run_stage(main)
