"""The figures that `dvc metrics show` and `dvc metrics diff` print: some thirty out of all that the stages measure."""

import math
from collections.abc import Mapping

SETS = ("test_clean", "test", "unseen_font", "same_register", "floor", "ceiling")
AGREEMENT = ("chord_agreement", "floor", "ceiling")


def summarise(
    recognizer: dict, clap: dict, taste: dict, control: dict, harmonisation: dict, models: Mapping[str, dict]
) -> dict:
    """The summary of what is below `metrics/`: `recognizer.json`, `clap.json`, `taste.json`, `harmonisation.json`,
    `composer/MODEL.json` of the models and, as `control`, `composer/conditioned.json` of the one that takes orders.

    Returns:
        `f1`: the recognizer's macro-F1 on each test set, its floor and its ceiling. `clap`: macro-F1 of instruments by
        words on the clean test and the unseen font, captions that find a clip, sounds that find their notes. `taste`:
        how often music lies nearest to the taste of its prompt, by sound and by notes; `control`: how asked and
        measured attributes go together; `harmonisation`: how often chords are those of the composer, with floor and
        ceiling. For each
        model: nats a note on validation and test pieces; of its music at the temperature nearest to 1 the root mean
        square of its standardised differences from the test pieces, and its mean longest copied run in notes. For the
        test pieces: nats a note of the bigram floor, and their own longest copied run. What is undefined, as for music
        of a note or two, is left out.
    """
    reference = next(iter(models.values()))
    return {
        "f1": {name: recognizer[name]["macro_f1"]["value"] for name in SETS},
        "clap": {
            "prompted_clean": clap["prompted"]["clean"]["macro_f1"]["value"],
            "prompted_unseen_font": clap["prompted"]["unseen_font"]["macro_f1"]["value"],
            "text_to_audio_r_at_10": clap["retrieval"]["text_to_audio"]["r_at_10"]["value"],
            "audio_to_notes_r_at_1": clap["retrieval"]["audio_to_notes"]["r_at_1"]["value"],
        },
        "taste": {"accuracy": taste["accuracy"]["value"], "accuracy_by_notes": taste["notes"]["accuracy"]["value"]},
        "control": {name: found["value"] for name, found in control["control"].items()},
        "harmonisation": {name: harmonisation[name]["value"] for name in AGREEMENT if harmonisation.get(name)},
        **{name: _model(metrics) for name, metrics in models.items()},
        "real": {
            "bigram_nats": reference["floors"]["bigram"],
            **_copied_run(reference["originality"]["reference"]),
        },
    }


def _model(metrics: dict) -> dict[str, float]:
    differences = metrics["standardised_difference"]
    temperature = min(differences, key=lambda key: abs(float(key) - 1))
    values = differences[temperature].values()
    apart = {"difference": round(math.sqrt(sum(value**2 for value in values) / len(values)), 4)} if values else {}
    return {
        "validation_nats": metrics["validation"]["nats_per_note"]["value"],
        "test_nats": metrics["test"]["nats_per_note"]["value"],
        **apart,
        **_copied_run(metrics["originality"][temperature]),
    }


def _copied_run(originality: dict) -> dict[str, float]:
    return {"copied_run": run["value"]} if (run := originality.get("longest_copied_run")) else {}
