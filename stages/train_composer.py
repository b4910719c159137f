"""Stage train_composer: one of the models, its training curves."""

from reprise.composition.models.fit import run_fit
from reprise.pipeline.stage import run_stage

if __name__ == "__main__":
    run_stage(run_fit)
