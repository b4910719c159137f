"""Stage train_clap: sound, notes and words in one space, with training curves."""

from reprise.embedding.clap.fit import fit_clap
from reprise.pipeline.stage import run_stage

if __name__ == "__main__":
    run_stage(fit_clap)
