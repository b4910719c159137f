"""Stage sample_clips: a few clips laid open, as sound, notes and pictures."""

from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.params import ClipParams, SampleParams
from reprise.clips.samples import lay_open
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    lay_open(
        stage.params(SampleParams, "samples").clips,
        stage.params(ClipParams, "clips"),
        stage.params(FontParams, "fonts"),
        stage.params(RenderParams, "rendering"),
        stage.params(SpectrogramParams, "spectrogram"),
        stage.dep("data/clips/midi"),
        stage.dep("data/clips/manifest.parquet"),
        stage.dep("data/fonts"),
        stage.out("data/clips/samples"),
        stage.out("plots/clips"),
    )


if __name__ == "__main__":
    run_stage(main)
