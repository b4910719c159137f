"""Stage check_params: every section of params.yaml, before any other stage runs.

The out always holds the same, so a param that changes reruns this stage and those that read it, no others.
"""

from reprise.pipeline.stage import Stage, run_stage
from reprise.sections import check_sections


def main(stage: Stage) -> None:
    check_sections()
    stage.out("data/checked.txt").write_text("Every section of params.yaml is sound.\n")


if __name__ == "__main__":
    run_stage(main)
