"""Stage generate_taste: music from the prompts, and controls beside it."""

from reprise.audio.fonts import FontParams, font_path
from reprise.audio.params import RenderParams
from reprise.composition.corpus.store import load_corpus
from reprise.pipeline.stage import Stage, run_stage
from reprise.taste.generate import TasteParams, generate_taste


def main(stage: Stage) -> None:
    generate_taste(
        stage.params(TasteParams, "taste"),
        stage.dep("models/composer/conditioned/config.json").parent,
        stage.dep("models/clap"),
        font_path(stage.dep("data/fonts"), stage.params(FontParams, "fonts").clean),
        load_corpus(stage.dep("data/passages")).pieces("test"),
        stage.dep("prompts"),
        stage.params(RenderParams, "rendering").sample_rate,
        stage.out("data/taste"),
        stage.scratch,
        stage.compute,
    )


if __name__ == "__main__":
    run_stage(main)
