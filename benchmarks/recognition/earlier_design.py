"""The earlier recognizer design and ours: the same clips, the same time, every test set.

What is compared is the design: network, pictures, loss, schedule and decision are the earlier system's (see
earlier_model.py), the data are clean. Of its faults these are kept, as they are part of the method: dB relative to each
picture's loudest point, and the threshold of 0.5 on logits. These aren't, as they are faults of measurement: slept note
times, half speed an octave low, pictures whose width tells the number of instruments, class weights from all data
(here: from training data), F1 on the split that was used to choose (here: test sets that nothing was chosen on).

The earlier design sees the same training clips (data/clips/audio/train) for the same wall-clock time as ours took, on
as many threads and in the same precision; drawing its pictures isn't counted, as making our spectrograms isn't. A
second row gives it thresholds from validation data, as ours has; `--full` adds its 20 epochs, however long. The
pictures (some 1.6 GB) lie in the system's temporary folder meanwhile.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from benchmarks.machine import ROOT, need, report
from benchmarks.measure import run_script, table
from benchmarks.recognition import earlier_model
from benchmarks.recognition.earlier_model import LOGIT_THRESHOLD, SIZE, Pictures
from reprise.audio.files import decode
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.corpus import read_manifest
from reprise.clips.params import ClipParams
from reprise.clips.spectrograms import clip_table, read_rendering
from reprise.learning.bootstrap import with_interval
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.params import PARAMS_FILE, load_section
from reprise.pipeline.shards import item_name, read_shard, shard_name
from reprise.pipeline.tracking import Tracker
from reprise.progress import progress_bar
from reprise.recognition.data import SpectrogramSet, load_set
from reprise.recognition.evaluation.evaluate import EvaluationParams, Predictions, evaluate_set
from reprise.recognition.metrics import best_thresholds
from reprise.recognition.model import load_recognizer
from reprise.recognition.training.fit import FitJob, fit_recognizer
from reprise.recognition.training.train import TrainParams, predict

TEST_SETS = ("test", "test_clean", "unseen_font", "same_register")
CLIPS = Path("data/clips")
RUN_FIRST = "make it with ./run"
OURS, EARLIER, CALIBRATED, FULL = "ours", "earlier", "earlier, validated thresholds", "earlier, 20 epochs"
QUICK_CLIPS = 32


@dataclass(frozen=True)
class Settings:
    """The sections of params.yaml that this comparison reads, and how many clips of each set it takes (None: all)."""

    clips: ClipParams
    rendering: RenderParams
    spectrogram: SpectrogramParams
    recognizer: TrainParams
    evaluation: EvaluationParams
    limit: int | None


def load_settings(limit: int | None) -> Settings:
    classes = (ClipParams, RenderParams, SpectrogramParams, TrainParams, EvaluationParams)
    names = ("clips", "rendering", "spectrogram", "recognizer", "evaluation")
    return Settings(*(load_section(cls, name, ROOT / PARAMS_FILE) for cls, name in zip(classes, names)), limit)


def load(name: str, settings: Settings) -> SpectrogramSet:
    """A set of the pipeline, its first clips alone where the settings have a limit."""
    folder = need(CLIPS / "spectrograms", RUN_FIRST) / "recognizer"
    data = load_set(folder, name, settings.spectrogram)
    return replace(data, **{field.name: getattr(data, field.name)[: settings.limit] for field in fields(data)})


def draw_pictures(name: str, settings: Settings, folder: Path) -> Pictures:
    """The earlier design's pictures of the set `name`, drawn from its audio into a file in `folder`."""
    audio, sample_rate = need(CLIPS / "audio", RUN_FIRST), settings.rendering.sample_rate
    rows = read_rendering(audio)
    rows = rows[(rows["set"] == name) & rows["usable"]][: settings.limit].reset_index(drop=True)
    data = clip_table(rows, read_manifest(CLIPS / "manifest.parquet").set_index("clip"))
    images = open_memmap(folder / f"{name}.npy", mode="w+", dtype=np.uint8, shape=(len(rows), SIZE, SIZE))
    with progress_bar(len(images), f"pictures of {name}", "clips") as bar:
        for shard, group in rows.groupby("shard"):
            path = audio / name / shard_name(shard)
            members = {item_name(clip, "flac"): place for place, clip in group["clip"].items()}
            for member, content in read_shard(path, members).items():
                samples = decode(content, f"{path}: {member}", sample_rate)
                images[members[member]] = earlier_model.picture(samples, sample_rate)
                bar.update(1)
    return Pictures(images, data[list(INSTRUMENT_NAMES)].to_numpy(np.float32), data["count"].to_numpy())


def train_ours(settings: Settings, folder: Path) -> float:
    """Train ours afresh with the pipeline's own params into `folder`; returns the seconds it took."""
    small = "ceiling_train", "ceiling_validation"
    names = small if settings.limit else ("train", "validation")
    epochs = 1 if settings.limit else settings.recognizer.epochs
    spectrograms = need(CLIPS / "spectrograms", RUN_FIRST) / ("ceiling" if settings.limit else "recognizer")
    job = FitJob(*names, epochs, spectrograms, settings.clips, settings.rendering)
    start = time.perf_counter()
    fit_recognizer(job, settings.recognizer, settings.spectrogram, folder, folder / "work", "cpu", Tracker())
    return time.perf_counter() - start


def score_ours(folder: Path, settings: Settings) -> dict[str, dict]:
    """Our figures on every test set, of the recognizer in `folder`."""
    network, config = load_recognizer(folder)

    def judge(name: str) -> Predictions:
        data = load(name, settings)
        probabilities = predict(network, data)
        return Predictions(
            data.labels, probabilities, (probabilities >= np.array(config.thresholds)).astype(float), data.count
        )

    return score(judge, settings.evaluation)


def score_earlier(
    network: earlier_model.EarlierNetwork, tests: dict[str, Pictures], thresholds: np.ndarray, params: EvaluationParams
) -> dict[str, dict]:
    """Its figures on every test set, deciding at `thresholds` on probabilities, float[K]."""

    def judge(name: str) -> Predictions:
        data = tests[name]
        probabilities = sigmoid(earlier_model.logits(network, data))
        return Predictions(data.labels, probabilities, (probabilities >= thresholds).astype(float), data.count)

    return score(judge, params)


def score(judge: Callable[[str], Predictions], params: EvaluationParams) -> dict[str, dict]:
    """macro_f1, micro_f1, mean_average_precision and F1 by instrument of each test set."""
    found = {name: evaluate_set(judge(name), params) for name in TEST_SETS}
    return {
        name: {
            **{key: full[key] for key in ("macro_f1", "micro_f1", "mean_average_precision")},
            "f1": {instrument: row["f1"] for instrument, row in full["per_instrument"].items()},
        }
        for name, full in found.items()
    }


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def run_earlier(settings: Settings, budget_s: float, full: bool, folder: Path) -> dict[str, dict]:
    """Draw the pictures, train the earlier design, score it: `{row: {training, sets}}`."""
    drawn = {name: draw_pictures(name, settings, folder) for name in ("train", "validation", *TEST_SETS)}
    train_set, validation, params = drawn["train"], drawn["validation"], settings.recognizer
    fixed = np.full(len(INSTRUMENT_NAMES), sigmoid(np.array(LOGIT_THRESHOLD)))
    bfloat16 = params.precision == "bf16-mixed"
    rows = {}

    def run(budget: float | None, labels: tuple[str, ...]) -> None:
        network, training = earlier_model.train(train_set, params.seed, params.threads, bfloat16, budget)
        own = best_thresholds(validation.labels, sigmoid(earlier_model.logits(network, validation)))
        for label, thresholds in zip(labels, (fixed, own)):
            rows[label] = {"training": training, "sets": score_earlier(network, drawn, thresholds, settings.evaluation)}

    run(budget_s, (EARLIER, CALIBRATED))
    if full:
        run(None, (FULL, f"{FULL}, validated thresholds"))
    return rows


def show(rows: dict[str, dict]) -> str:
    body = []
    for label, row in rows.items():
        figures = [with_interval(row["sets"][name]["macro_f1"]) for name in TEST_SETS]
        body.append((label, f"{row['training']['seconds']:.0f}", *figures))
    ours, theirs = (rows[label]["sets"] for label in (OURS, EARLIER))
    ahead = [f"{ours[name]['macro_f1']['value'] - theirs[name]['macro_f1']['value']:+.3f}" for name in TEST_SETS]
    return table(("macro-F1 (95 %)", "trained s", *TEST_SETS), [*body, ("ours ahead of earlier", "", *ahead)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seconds", type=float, help="time for the earlier design; ours is then models/recognizer, not trained afresh"
    )
    parser.add_argument("--full", action="store_true", help="train the earlier design for its 20 epochs too")
    parser.add_argument("--quick", action="store_true", help="a few clips for a few seconds, nothing written")
    args = parser.parse_args()
    settings = load_settings(QUICK_CLIPS if args.quick else None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if args.seconds:
            model, seconds = need(Path("models/recognizer"), RUN_FIRST), args.seconds
        else:
            model = folder / "recognizer"
            seconds = train_ours(settings, model)
        rows = {OURS: {"training": {"seconds": round(seconds, 1)}, "sets": score_ours(model, settings)}}
        rows |= run_earlier(settings, 5.0 if args.quick else seconds, args.full, folder)
    print(show(rows))
    figures = {"threads": settings.recognizer.threads, "ours_trained_in_this_run": not args.seconds, "rows": rows}
    report("earlier_design", figures, args.quick)


if __name__ == "__main__":
    run_script(main)
