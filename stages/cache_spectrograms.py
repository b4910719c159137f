"""Stage cache_spectrograms: log-mel spectrograms to memory-map."""

from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.params import ClipParams
from reprise.clips.spectrograms import PARTS, cache_spectrograms
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    recognizer, *_ = (stage.out(f"data/clips/spectrograms/{part}") for part in PARTS)
    cache_spectrograms(
        stage.params(SpectrogramParams, "spectrogram"),
        stage.params(RenderParams, "rendering").sample_rate,
        stage.params(ClipParams, "clips").duration_s,
        stage.dep("data/clips/audio"),
        stage.dep("data/clips/manifest.parquet"),
        recognizer.parent,
        stage.scratch,
        stage.compute,
    )


if __name__ == "__main__":
    run_stage(main)
