"""Stage evaluate_control: how far the composer that takes orders does what it is told."""

from reprise.composition.control.evaluate import ControlParams, evaluate_control
from reprise.composition.control.plots import draw_control
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    metrics, asked, measured = evaluate_control(
        stage.params(ControlParams, "control"),
        stage.dep("data/passages"),
        stage.dep("models/composer/conditioned/config.json").parent,
        stage.compute,
    )
    stage.write_metrics("metrics/composer/conditioned.json", metrics)
    draw_control(asked, measured, metrics["control"], stage.out("plots/composer/conditioned/control.png"))


if __name__ == "__main__":
    run_stage(main)
