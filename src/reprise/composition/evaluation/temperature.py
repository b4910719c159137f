"""What temperature does, shown on a model's own distribution of the next pitch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from pretty_midi import note_number_to_name

from reprise.composition.encoding.registry import encodable
from reprise.composition.evaluation.plots import plt, save
from reprise.composition.models.batches import collate, make_examples
from reprise.composition.models.trained import TrainedModel
from reprise.composition.sampling.drawing.distribution import shape_distribution
from reprise.learning.tables import write_table
from reprise.music.piece import Piece

TEMPERATURES = (0.3, 1.0, 1.8, 3.5)
NOTES = (16, 48)  # of the piece, of which one is shown: the first chords tell little of the key
SHOWN = 12  # likeliest pitches


@torch.inference_mode()
def pitch_logits(trained: TrainedModel, piece: Piece, notes: range) -> np.ndarray:
    """Logits of some notes' pitches, each given all before it and its own step and part, float[notes, pitches]."""
    encoding = trained.config.encoding
    batch = collate(make_examples(encoding, [encoding.encode(piece)], [piece.metre]))
    logits = trained.network.field_logits(encoding.shape.pitch, trained.network.hidden_from_past(batch), batch)[0]
    return logits[notes.start : notes.stop].double().numpy()


def draw_temperature(trained: TrainedModel, pieces: Sequence[Piece], picture: Path, table: Path) -> None:
    """The likeliest pitches at each temperature, as a picture and as a CSV file.

    Shown is a note of the first piece that the model can express: among its `NOTES`, that of which it is least sure.
    """
    (piece, *_), _ = encodable(trained.config.encoding, list(pieces))
    notes = range(*NOTES) if len(piece.notes) >= NOTES[1] else range(len(piece.notes))
    logits = max(pitch_logits(trained, piece, notes), key=_entropy)
    columns = {t: shape_distribution(logits[None], t)[0] for t in TEMPERATURES}
    order = np.argsort(-logits, kind="stable")[:SHOWN]
    names = [note_number_to_name(int(index) + trained.config.encoding.lowest) for index in order]
    rows = [
        {"pitch": name, "logit": f"{logits[i]:.3f}", **{f"T={t:g}": f"{columns[t][i]:.4f}" for t in TEMPERATURES}}
        for name, i in zip(names, order)
    ]
    write_table(rows, table)
    figure, axes = plt.subplots(1, len(TEMPERATURES), figsize=(12, 2.8), sharey=True, layout="constrained")
    for axis, (temperature, probabilities) in zip(axes, columns.items()):
        axis.bar(names, probabilities[order])
        shown = probabilities[order].sum()
        axis.set_title(f"T = {temperature:g} (others {1 - shown:.1%})", fontsize="medium")
        axis.tick_params(axis="x", labelrotation=90)
    axes[0].set_ylabel("probability")
    figure.suptitle(f"{trained.config.model}: the next pitch at temperature T, all values kept", fontsize="medium")
    save(figure, picture)


def _entropy(logits: np.ndarray) -> float:
    probabilities = shape_distribution(logits[None], 1.0)[0]
    return float(-(probabilities * np.log(probabilities + 1e-12)).sum())
