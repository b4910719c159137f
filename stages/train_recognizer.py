"""Stage train_recognizer: the instrument recognizer, its thresholds and its training curves; and its ceiling, the same
network trained on the font that the recognizer never hears."""

from reprise.pipeline.stage import Stage, run_stage
from reprise.recognition.training.fit import run_fit
from reprise.recognition.training.train import TrainParams


def main(stage: Stage) -> None:
    params = stage.params(TrainParams, "recognizer")
    if stage.item == "ceiling":
        run_fit(stage, "ceiling_train", "ceiling_validation", params, params.ceiling_epochs)
    else:
        run_fit(stage, "train", "validation", params, params.epochs)


if __name__ == "__main__":
    run_stage(main)
