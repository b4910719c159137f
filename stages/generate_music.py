"""Stage generate_music: the music of one of the composers, at several temperatures."""

from reprise.audio.fonts import FontParams, font_path
from reprise.composition.corpus import load_corpus
from reprise.composition.generate import generate_music
from reprise.composition.music import MusicParams
from reprise.stage import Stage, run_stage


def main(stage: Stage) -> None:
    fonts = stage.params(FontParams, "fonts")
    generate_music(
        stage.dep(f"models/composer/{stage.item}"),
        load_corpus(stage.dep("data/corpus")).pieces("seed"),
        stage.params(MusicParams, "sampling"),
        font_path(stage.dep("data/fonts"), fonts.clean),
        stage.out(f"data/music/{stage.item}"),
        stage.notes,
        stage.compute,
    )


if __name__ == "__main__":
    run_stage(main)
