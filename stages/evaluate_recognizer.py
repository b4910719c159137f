"""Stage evaluate_recognizer: the recognizer on every test set, with its floor and its ceiling."""

from reprise.audio.spectrogram import SpectrogramParams
from reprise.pipeline.stage import Stage, run_stage
from reprise.pipeline.tracking import open_tracker
from reprise.recognition.data import load_set
from reprise.recognition.evaluation.attribution import draw_attributions
from reprise.recognition.evaluation.evaluate import EvaluationParams, evaluate_recognizer
from reprise.recognition.evaluation.plots import write_plots


def main(stage: Stage) -> None:
    params, spectrogram = stage.params(EvaluationParams, "evaluation"), stage.params(SpectrogramParams, "spectrogram")
    clips, recognizer = stage.dep("data/clips/midi").parent, stage.dep("models/recognizer")
    with open_tracker(stage.compute.tracking, "recognizer", stage.name) as tracker:
        metrics, predictions = evaluate_recognizer(params, spectrogram, recognizer.parent, clips)
        tracker.tags(stage.inputs)
        tracker.estimates(metrics)
    write_plots(predictions, params, stage.out("plots/recognizer/evaluation"))
    data = load_set(clips / "spectrograms/recognizer", "unseen_font", spectrogram)
    draw_attributions(
        recognizer,
        data,
        params.attribution_clips,
        params.attribution_steps,
        stage.out("plots/recognizer/attribution"),
    )
    stage.write_metrics("metrics/recognizer.json", metrics)


if __name__ == "__main__":
    run_stage(main)
