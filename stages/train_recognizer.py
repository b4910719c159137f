"""Stage train_recognizer: the instrument recognizer, its thresholds and its training curves."""

from reprise.recognition.fit import run_fit
from reprise.recognition.train import TrainParams
from reprise.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params = stage.params(TrainParams, "recognizer")
    run_fit(stage, "recognizer", "train", "validation", params, params.epochs)


if __name__ == "__main__":
    run_stage(main)
