"""Stage render_clips: the clips as audio, with FluidSynth."""

from reprise.audio.fonts import FontParams
from reprise.audio.params import RenderParams
from reprise.clips.params import CeilingParams, ClipParams
from reprise.clips.render import render_clips
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    summary = render_clips(
        stage.params(ClipParams, "clips"),
        stage.params(FontParams, "fonts"),
        stage.params(RenderParams, "rendering"),
        stage.param(CeilingParams, "ceiling", "clips"),
        stage.dep("data/clips/midi"),
        stage.dep("data/clips/manifest.parquet"),
        stage.dep("data/fonts"),
        stage.out("data/clips/audio"),
        stage.scratch,
        stage.compute,
    )
    stage.write_metrics("metrics/rendering.json", summary)


if __name__ == "__main__":
    run_stage(main)
