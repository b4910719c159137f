"""Stage collect_corpus: scores of a composer, split by tune, and openings by another to continue."""

from pathlib import Path

from reprise.composition.corpus.collect import collect_corpus
from reprise.composition.corpus.plots import draw_corpus
from reprise.composition.corpus.store import CorpusParams
from reprise.pipeline.stage import Stage, run_stage


def main(stage: Stage) -> None:
    params = stage.params(CorpusParams, "corpus")
    corpus, summary = collect_corpus(params, Path(), stage.out("data/corpus"), stage.compute.worker_count)
    draw_corpus(corpus, stage.out("plots/corpus"))
    stage.write_metrics("metrics/corpus.json", summary)


if __name__ == "__main__":
    run_stage(main)
