"""Pictures of a composer: its measures against temperature beside real music, and piano rolls of its pieces."""

from pathlib import Path

import matplotlib
import numpy as np

from reprise.composition.measures import MEASURES
from reprise.music.piece import Piece
from reprise.tables import write_table

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLUMNS = 3
ROLLS = 4  # pieces a temperature in its picture


def draw_composer(metrics: dict, compared: dict[str, list[Piece]], folder: Path) -> None:
    """`measures.png`, and `rolls_NAME.png` of the reference and of the music at each temperature."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_measures(metrics, folder / "measures.png")
    for name, pieces in compared.items():
        draw_rolls(pieces[:: max(len(pieces) // ROLLS, 1)][:ROLLS], folder / f"rolls_{name}.png")


def write_differences(metrics: dict, path: Path) -> None:
    """The standardised differences from held-out pieces, a row a temperature, as a CSV file that DVC plots."""
    rows = [
        {"temperature": name, **{key: differences.get(key, "") for key in MEASURES}}
        for name, differences in metrics["standardised_difference"].items()
    ]
    write_table(rows, path)


def draw_measures(metrics: dict, path: Path) -> None:
    """Each measure at each temperature with its interval, over the band of real held-out pieces."""
    rows = -(-len(MEASURES) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(4 * COLUMNS, 2.6 * rows), layout="constrained")
    for axis, name in zip(axes.flat, MEASURES):
        found = [(float(t), row[name]) for t, row in metrics["generated"].items() if name in row]
        if name in metrics["reference"]:
            real = metrics["reference"][name]
            axis.axhspan(real["low"], real["high"], color="tab:orange", alpha=0.3)
            axis.axhline(real["value"], color="tab:orange", label="held-out pieces")
        if found:
            values = np.array([[e["value"], e["value"] - e["low"], e["high"] - e["value"]] for _, e in found])
            axis.errorbar(
                [t for t, _ in found], values[:, 0], np.maximum(values[:, 1:].T, 0), marker="o", label="composed"
            )
        axis.set(title=name.replace("_", " "), xlabel="temperature")
    axes.flat[0].legend(fontsize="small")
    for axis in axes.flat[len(MEASURES) :]:
        axis.set_axis_off()
    save(figure, path)


def draw_rolls(pieces: list[Piece], path: Path) -> None:
    """Piano rolls below each other, coloured by part, bar lines dotted."""
    figure, axes = plt.subplots(len(pieces), 1, figsize=(9, 2.2 * len(pieces)), layout="constrained", squeeze=False)
    for axis, piece in zip(axes.flat, pieces):
        draw_roll(axis, piece)
    axes.flat[-1].set_xlabel("beats")
    save(figure, path)


def draw_roll(axis: plt.Axes, piece: Piece) -> None:
    """One piano roll."""
    colours = plt.get_cmap("tab10")
    for part in range(len(piece.programs)):
        notes = piece.notes[piece.notes["part"] == part]
        axis.barh(notes["pitch"], notes["duration"] * 0.95, left=notes["onset"], height=0.9, color=colours(part % 10))
    end = float((piece.notes["onset"] + piece.notes["duration"]).max(initial=piece.bar_beats))
    for bar in np.arange(0, end + 1e-9, piece.bar_beats):
        axis.axvline(bar, color="grey", linewidth=0.5, linestyle=":")
    axis.set(xlim=(0, end), ylabel="MIDI pitch")


def save(figure: plt.Figure, path: Path) -> None:
    """A PNG without a word of when and by what it was made."""
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
