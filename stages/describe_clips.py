"""Stage describe_clips: what is true of each clip, measured, and in words."""

from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.descriptions.captions import DescriptionParams
from reprise.clips.descriptions.describe import describe_clips
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    summary = describe_clips(
        stage.params(DescriptionParams, "descriptions"),
        stage.params(SpectrogramParams, "spectrogram"),
        stage.params(RenderParams, "rendering").sample_rate,
        stage.dep("data/clips/midi"),
        stage.dep("data/clips/manifest.parquet"),
        stage.dep("data/clips/audio"),
        stage.out("data/clips/descriptions.parquet"),
        stage.compute,
    )
    stage.write_metrics("metrics/descriptions.json", summary)


if __name__ == "__main__":
    run_stage(main)
