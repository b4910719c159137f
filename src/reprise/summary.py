"""The figures that `dvc metrics show` and `dvc metrics diff` print: some twenty out of all that the stages measure."""

import math
from collections.abc import Mapping

SETS = ("test_clean", "test", "unseen_font", "same_register", "floor", "ceiling")


def summarise(recognizer: dict, composers: Mapping[str, dict]) -> dict:
    """The summary of `metrics/recognizer.json` and of `metrics/composer/MODEL.json`.

    Returns:
        `f1`: the recognizer's macro-F1 on each test set, its floor and its ceiling. For each composer: nats a note
        on validation and test pieces; of its music at the temperature nearest to 1 the root mean square of its
        standardised differences from the test pieces, and its mean longest copied run in notes. For the test pieces:
        nats a note of the bigram floor, and their own longest copied run.
    """
    reference = next(iter(composers.values()))
    return {
        "f1": {name: recognizer[name]["macro_f1"]["value"] for name in SETS},
        **{name: _composer(metrics) for name, metrics in composers.items()},
        "real": {
            "bigram_nats": reference["floors"]["bigram"],
            "copied_run": reference["originality"]["reference"]["longest_copied_run"]["value"],
        },
    }


def _composer(metrics: dict) -> dict[str, float]:
    differences = metrics["standardised_difference"]
    temperature = min(differences, key=lambda key: abs(float(key) - 1))
    values = differences[temperature].values()
    return {
        "validation_nats": metrics["validation"]["nats_per_note"]["value"],
        "test_nats": metrics["test"]["nats_per_note"]["value"],
        "difference": round(math.sqrt(sum(value**2 for value in values) / len(values)), 4),
        "copied_run": metrics["originality"][temperature]["longest_copied_run"]["value"],
    }
