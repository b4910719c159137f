"""Stage train_ceiling: the same network trained on the font that the recognizer never hears, as its ceiling there."""

from pathlib import Path

from reprise.audio.render import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.compose import ClipParams
from reprise.recognition.fit import FitJob, fit_recognizer
from reprise.recognition.train import TrainParams, write_curves
from reprise.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params = stage.params(TrainParams, "recognizer")
    job = FitJob(
        "ceiling_train",
        "ceiling_validation",
        params.ceiling_epochs,
        Path("data/clips/spectrograms"),
        stage.params(RenderParams, "rendering").sample_rate,
        stage.params(ClipParams, "clips").duration_s,
    )
    curves = fit_recognizer(
        job,
        params,
        stage.params(SpectrogramParams, "spectrogram"),
        stage.out("models/ceiling"),
        stage.notes,
        stage.compute.device,
        stage.compute.tracking,
        stage.inputs,
    )
    write_curves(curves, stage.out("plots/ceiling/curves.csv"))


if __name__ == "__main__":
    run_stage(main)
