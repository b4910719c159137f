"""Stage generate_music: the music of one of the models, at several temperatures."""

from reprise.audio.fonts import FontParams, font_path
from reprise.composition.corpus.store import load_corpus
from reprise.composition.sampling.generate import generate_music
from reprise.composition.sampling.music import MusicParams
from reprise.composition.sampling.rules import SAMPLING, USUAL, save_rules
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    fonts, params = stage.params(FontParams, "fonts"), stage.params(MusicParams, "sampling")
    # With the model, so that whoever draws from it draws as was measured; here, since training needs no such rules.
    save_rules(params.rules(USUAL.temperature), stage.out(f"models/composer/{stage.item}/{SAMPLING}"))
    generate_music(
        stage.dep(f"models/composer/{stage.item}/config.json").parent,
        load_corpus(stage.dep("data/corpus")).pieces("opening"),
        params,
        font_path(stage.dep("data/fonts"), fonts.clean),
        stage.out(f"data/music/{stage.item}"),
        stage.scratch,
        stage.compute,
    )


if __name__ == "__main__":
    run_stage(main)
