"""Stage train_recognizer: the instrument recognizer, or its ceiling, with thresholds and training curves."""

from reprise.clips.params import CeilingParams
from reprise.pipeline.stage import Stage, run_stage
from reprise.recognition.training.fit import run_fit
from reprise.recognition.training.train import TrainParams


def main(stage: Stage) -> None:
    params = stage.params(TrainParams, "recognizer")
    match stage.item:
        case "recognizer":
            run_fit(stage, "train", "validation", params, params.epochs)
        case "ceiling":  # the same network on the font that the recognizer never hears
            epochs = stage.params(CeilingParams, "ceiling").epochs
            run_fit(stage, "ceiling_train", "ceiling_validation", params, epochs)


if __name__ == "__main__":
    run_stage(main)
