"""Stage collect_fonts: the sound fonts, checked against the registry; none that is to be unseen shares samples."""

from reprise.audio.fonts import FontParams, collect_fonts
from reprise.audio.lineage.overlap import refuse_heard
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params, folder = stage.params(FontParams, "fonts"), stage.out("data/fonts")
    collect_fonts(params, folder)
    refuse_heard(params, folder)


if __name__ == "__main__":
    run_stage(main)
