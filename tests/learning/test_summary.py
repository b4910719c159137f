"""The summary of the metrics: what is nearest to temperature 1, and a root mean square by hand."""

from reprise.learning.summary import SETS, summarise


def estimate(value: float) -> dict:
    return {"value": value, "low": value - 1, "high": value + 1, "count": 2}


def trained(nats: float) -> dict:
    return {
        "validation": {"nats_per_note": estimate(nats + 1)},
        "test": {"nats_per_note": estimate(nats)},
        "floors": {"unigram": 7.0, "bigram": 5.0},
        "standardised_difference": {"0.3": {"polyphony": 9.0}, "1.1": {"polyphony": 3.0, "pitch_range": -4.0}},
        "originality": {
            "reference": {"longest_copied_run": estimate(16.0)},
            "0.3": {"longest_copied_run": estimate(20.0)},
            "1.1": {"longest_copied_run": estimate(12.0)},
        },
    }


CLAP = {
    "prompted": {"clean": {"macro_f1": estimate(0.9)}, "unseen_font": {"macro_f1": estimate(0.7)}},
    "retrieval": {"text_to_audio": {"r_at_10": estimate(0.8)}, "audio_to_notes": {"r_at_1": estimate(0.6)}},
}

TASTE = {"accuracy": estimate(0.7), "notes": {"accuracy": estimate(0.9)}}
HARMONISATION = {"chord_agreement": estimate(0.5), "floor": estimate(0.3), "ceiling": {}}
CONTROL = {"control": {"onset_density": estimate(0.8), "mode": estimate(0.9)}}


def test_the_figures_are_those_of_the_files():
    recognizer = {name: {"macro_f1": estimate(number / 10)} for number, name in enumerate(SETS)}
    summary = summarise(recognizer, CLAP, TASTE, CONTROL, HARMONISATION, {"lstm": trained(1.5), "vae": trained(2.5)})
    assert summary["f1"] == {name: number / 10 for number, name in enumerate(SETS)}
    assert list(summary) == ["f1", "clap", "taste", "control", "harmonisation", "lstm", "vae", "real"]
    assert list(summary["clap"].values()) == [0.9, 0.7, 0.8, 0.6]
    assert summary["taste"] == {"accuracy": 0.7, "accuracy_by_notes": 0.9}
    assert summary["control"] == {"onset_density": 0.8, "mode": 0.9}
    assert summary["harmonisation"] == {"chord_agreement": 0.5, "floor": 0.3}, "no tune is set twice: no ceiling"
    root_mean_square = 3.5355  # of 3 and 4: sqrt(12.5)
    assert summary["lstm"] == {
        "validation_nats": 2.5,
        "test_nats": 1.5,
        "difference": root_mean_square,
        "copied_run": 12.0,
    }
    assert summary["real"] == {"bigram_nats": 5.0, "copied_run": 16.0}


def test_music_that_sounds_nowhere_has_no_figure_of_its_own():
    silent = trained(1.5) | {
        "standardised_difference": {"1.1": {}},
        "originality": {"reference": {"longest_copied_run": estimate(16.0)}, "1.1": {"worst_copied_run": 0}},
    }
    recognizer = {name: {"macro_f1": estimate(0.5)} for name in SETS}
    summary = summarise(recognizer, CLAP, TASTE, CONTROL, HARMONISATION, {"lstm": silent})
    assert summary["lstm"] == {"validation_nats": 2.5, "test_nats": 1.5}
