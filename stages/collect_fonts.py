"""Stage collect_fonts: the sound fonts, checked against the registry."""

from reprise.audio.fonts import FontParams, collect_fonts
from reprise.stage import Stage, run_stage


def main(stage: Stage) -> None:
    collect_fonts(stage.params(FontParams, "fonts"), stage.out("data/fonts"))


if __name__ == "__main__":
    run_stage(main)
