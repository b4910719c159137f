"""Stage compose_clips: random multi-instrument MIDI clips and their manifest."""

from reprise.clips.corpus import compose_clips
from reprise.clips.params import ClipParams
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    summary = compose_clips(
        stage.params(ClipParams, "clips"),
        stage.out("data/clips/midi"),
        stage.out("data/clips/manifest.parquet"),
        stage.scratch,
        stage.compute,
    )
    stage.write_metrics("metrics/clips.json", summary)


if __name__ == "__main__":
    run_stage(main)
