"""Stage cache_spectrograms: log-mel spectrograms to memory-map, and pictures of the sample clips."""

from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.params import ClipParams
from reprise.clips.pictures import draw_samples
from reprise.clips.spectrograms import cache_spectrograms
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params, rendering = stage.params(SpectrogramParams, "spectrogram"), stage.params(RenderParams, "rendering")
    audio = stage.dep("data/clips/audio")
    cache_spectrograms(
        params,
        rendering.sample_rate,
        stage.params(ClipParams, "clips").duration_s,
        audio,
        stage.dep("data/clips/manifest.parquet"),
        stage.out("data/clips/spectrograms"),
        stage.scratch,
        stage.compute,
    )
    draw_samples(audio / "samples", params, rendering.sample_rate, stage.out("plots/clips"))


if __name__ == "__main__":
    run_stage(main)
