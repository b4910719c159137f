"""The floor: what the notes alone give away about the instruments, without any audio.

Gradient boosting on pitch histogram, note density and polyphony, one classifier an instrument, thresholds from
validation clips. A recognizer is only as good as it is better than this.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from reprise.clips.corpus import read_manifest, read_midi_of
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.recognition.metrics import best_thresholds

PITCH_BINS = np.arange(20, 111, 3)


def floor_predictions(
    midi: Path, manifest_path: Path, test_clips: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities for the test clips from a floor trained on all training clips.

    Returns:
        Probabilities of `test_clips`, float[N, K], and thresholds, float[K].
    """
    manifest = read_manifest(manifest_path)
    groups = {split: manifest[manifest["split"] == split] for split in ("train", "validation")}
    groups["test"] = manifest.set_index("clip").loc[test_clips].reset_index()
    features = {split: _features(midi, rows) for split, rows in groups.items()}
    labels = {split: rows[list(INSTRUMENT_NAMES)].to_numpy() for split, rows in groups.items()}
    probabilities = {split: np.zeros(labels[split].shape) for split in ("validation", "test")}
    for k in range(len(INSTRUMENT_NAMES)):
        model = HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=seed)
        model.fit(features["train"], labels["train"][:, k])
        for split, result in probabilities.items():
            result[:, k] = model.predict_proba(features[split])[:, 1]
    return probabilities["test"], best_thresholds(labels["validation"], probabilities["validation"])


def note_features(piece: Piece) -> np.ndarray:
    """Histogram of sounding time over pitch, lowest and highest pitch, notes a second, mean and highest polyphony.

    Parts are not told apart: a recording wouldn't tell them apart either.
    """
    notes, spb = piece.notes, piece.seconds_per_beat
    weight = notes["duration"] * spb
    histogram, _ = np.histogram(notes["pitch"], PITCH_BINS, weights=weight)
    starts, ends = notes["onset"], notes["onset"] + notes["duration"]
    sounding = [int(((starts <= start) & (ends > start)).sum()) for start in starts]
    pitches = (notes["pitch"].min(), notes["pitch"].max(), notes["pitch"].mean())
    density = len(notes) / piece.duration_s
    return np.array([*histogram, *pitches, density, np.mean(sounding), max(sounding), weight.mean()])


def _features(midi: Path, rows: pd.DataFrame) -> np.ndarray:
    content = read_midi_of(midi, rows)
    return np.stack([note_features(read_midi(content[clip], f"clip {clip}")) for clip in rows["clip"]])
