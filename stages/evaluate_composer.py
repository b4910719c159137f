"""Stage evaluate_composer: likelihood, measures and originality of one of the models, beside real held-out music."""

from reprise.composition.corpus.store import load_corpus
from reprise.composition.evaluation.evaluate import MusicEvaluationParams, evaluate_model
from reprise.composition.evaluation.plots import draw_evaluation, write_differences
from reprise.composition.evaluation.temperature import draw_temperature
from reprise.composition.models.trained import MODELS, load_model
from reprise.composition.sampling.music import MusicParams, load_music
from reprise.pipeline.stage import Stage, run_stage
from reprise.pipeline.tracking import open_tracker


def main(stage: Stage) -> None:
    params, sampling = stage.params(MusicEvaluationParams, "music_evaluation"), stage.params(MusicParams, "sampling")
    corpus = stage.dep("data/corpus")
    model, music = stage.dep(f"models/composer/{stage.item}/config.json").parent, stage.dep(f"data/music/{stage.item}")
    with open_tracker(stage.compute.tracking, "composition", stage.name) as tracker:
        metrics = evaluate_model(params, sampling, corpus, model, music)
        tracker.tags({"model": stage.item, **stage.inputs})
        tracker.estimates(metrics)
    stage.write_metrics(f"metrics/composer/{stage.item}.json", metrics)
    pictures, tables = (stage.out(f"plots/composer/{stage.item}/{kind}") for kind in ("evaluation", "tables"))
    test = load_corpus(corpus).pieces("test")
    draw_evaluation(metrics, sampling, MODELS[stage.item], test, *load_music(music), pictures)
    write_differences(metrics, tables / "differences.csv")
    draw_temperature(load_model(model), test, pictures / "temperature.png", tables / "temperature.csv")


if __name__ == "__main__":
    run_stage(main)
