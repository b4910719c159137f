"""Stage collect_passages: passages by many composers, for the composer that takes orders."""

from reprise.composition.corpus.passages import PassageParams, collect_passages
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params = stage.params(PassageParams, "passages")
    _, summary = collect_passages(params, stage.out("data/passages"), stage.compute.worker_count)
    stage.write_metrics("metrics/passages.json", summary)


if __name__ == "__main__":
    run_stage(main)
