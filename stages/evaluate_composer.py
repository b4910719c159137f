"""Stage evaluate_composer: likelihood, measures and originality of one of the composers, beside real held-out music."""

from reprise.composition.composer import load_composer
from reprise.composition.evaluate import MusicEvaluationParams, evaluate_composer
from reprise.composition.music import MusicParams
from reprise.composition.plots import draw_composer, write_differences
from reprise.composition.temperature import draw_temperature
from reprise.stage import Stage, run_stage
from reprise.tracking import open_tracker


def main(stage: Stage) -> None:
    params, bars = stage.params(MusicEvaluationParams, "music_evaluation"), stage.params(MusicParams, "sampling").bars
    model, music = stage.dep(f"models/composer/{stage.item}"), stage.dep(f"data/music/{stage.item}")
    with open_tracker(stage.compute.tracking, "composer", stage.name) as tracker:
        metrics, compared = evaluate_composer(params, bars, stage.dep("data/corpus"), model, music)
        tracker.tags({"model": stage.item, **stage.inputs})
        tracker.estimates(metrics)
    stage.write_metrics(f"metrics/composer/{stage.item}.json", metrics)
    pictures, tables = (stage.out(f"plots/composer/{stage.item}/{kind}") for kind in ("evaluation", "tables"))
    draw_composer(metrics, compared, pictures)
    write_differences(metrics, tables / "differences.csv")
    composer = load_composer(model)
    draw_temperature(composer, compared["reference"], pictures / "temperature.png", tables / "temperature.csv")


if __name__ == "__main__":
    run_stage(main)
