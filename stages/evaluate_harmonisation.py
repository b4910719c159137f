"""Stage evaluate_harmonisation: melodies harmonised and bars filled, measured and laid open to hear and see."""

from reprise.audio.fonts import FontParams, font_path
from reprise.composition.harmonisation.evaluate import HarmonisationParams, evaluate_harmonisation
from reprise.composition.harmonisation.plots import draw_agreement
from reprise.composition.harmonisation.samples import lay_out
from reprise.composition.sampling.rules import SAMPLING, save_rules
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params = stage.params(HarmonisationParams, "harmonisation")
    model = stage.dep("models/composer/infilling/config.json").parent
    metrics, melodies, filled = evaluate_harmonisation(params, stage.dep("data/corpus"), model, stage.compute)
    stage.write_metrics("metrics/harmonisation.json", metrics)
    draw_agreement(metrics, stage.out("plots/harmonisation") / "agreement.png")
    font = font_path(stage.dep("data/fonts"), stage.params(FontParams, "fonts").clean)
    lay_out(melodies, filled, params.open_samples, font, stage.out("data/harmonisations"))
    save_rules(params.rules, stage.out(f"models/composer/infilling/{SAMPLING}"))


if __name__ == "__main__":
    run_stage(main)
