"""From cached spectrograms to a saved recognizer."""

from dataclasses import asdict, dataclass
from pathlib import Path

from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.params import ClipParams
from reprise.learning.tables import write_table
from reprise.learning.weights import save_network
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.pipeline.stage import Stage
from reprise.pipeline.tracking import Tracker, open_tracker
from reprise.recognition.data import load_set, load_stems
from reprise.recognition.model import RecognizerConfig
from reprise.recognition.training.remix import MixRule
from reprise.recognition.training.train import TrainParams, train


@dataclass(frozen=True)
class FitJob:
    """Which sets to train and validate on, for how many epochs, where they lie, how they were made."""

    train_set: str
    validation_set: str
    epochs: int
    spectrograms: Path
    clips: ClipParams
    rendering: RenderParams


def fit_recognizer(
    job: FitJob,
    params: TrainParams,
    spectrogram: SpectrogramParams,
    folder: Path,
    work: Path,
    device: str,
    tracker: Tracker,
) -> list[dict]:
    """Train on `job`, save weights and config into `folder`; returns the curves.

    Args:
        work: keeps the checkpoint of the last epoch.
    """
    sample_rate = job.rendering.sample_rate
    train_set = load_stems(job.spectrograms, job.train_set, spectrogram, sample_rate)
    validation_set = load_set(job.spectrograms, job.validation_set, spectrogram)
    rule = MixRule(job.clips.level_range_db, job.rendering.mix_level_db, job.rendering.audible_db, spectrogram.floor_db)
    tracker.params({"recognizer": asdict(params), "spectrogram": asdict(spectrogram), "train_clips": len(train_set)})
    network, thresholds, curves = train(train_set, validation_set, params, job.epochs, rule, device, work, tracker)
    tracker.metrics({"best_validation_macro_f1": max(row["validation_macro_f1"] for row in curves)})
    config = RecognizerConfig(
        params.network, spectrogram, sample_rate, job.clips.duration_s, INSTRUMENT_NAMES, tuple(thresholds.tolist())
    )
    save_network(network, config, folder)
    return curves


def run_fit(stage: Stage, train_set: str, validation_set: str, params: TrainParams, epochs: int) -> None:
    """The training stage of the network `stage.item`: leaves models/ITEM and plots/ITEM/curves.csv."""
    clips, rendering = stage.params(ClipParams, "clips"), stage.params(RenderParams, "rendering")
    job = FitJob(
        train_set, validation_set, epochs, stage.dep(f"data/clips/spectrograms/{stage.item}"), clips, rendering
    )
    spectrogram = stage.params(SpectrogramParams, "spectrogram")
    with open_tracker(stage.compute.tracking, "recognizer", stage.name) as tracker:
        tracker.tags({"train_set": train_set, **stage.inputs})
        folder = stage.out(f"models/{stage.item}")
        curves = fit_recognizer(job, params, spectrogram, folder, stage.scratch, stage.compute.device, tracker)
    write_table(curves, stage.out(f"plots/{stage.item}/curves.csv"))
