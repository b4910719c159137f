"""Stage train_ceiling: the same network trained on the font that the recognizer never hears, as its ceiling there."""

from reprise.recognition.fit import run_fit
from reprise.recognition.train import TrainParams
from reprise.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params = stage.params(TrainParams, "recognizer")
    run_fit(stage, "ceiling", "ceiling_train", "ceiling_validation", params, params.ceiling_epochs)


if __name__ == "__main__":
    run_stage(main)
