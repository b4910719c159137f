"""Pictures of a model: its measures against temperature beside real music, its style, and piano rolls of its pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from pretty_midi import note_number_to_name

from reprise.composition.evaluation.measures import MEASURES
from reprise.composition.sampling.music import MusicParams
from reprise.learning.tables import write_table
from reprise.music.excerpts import bars_of, cut_at_bar
from reprise.music.parts import part_names
from reprise.music.piece import Piece
from reprise.music.writers.svg import svg_bytes

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection

COLUMNS = 3
ROLLS = 4  # pieces in a picture
PALE = 0.55  # opacity of what somebody else wrote
NAMED_CLASSES = (0, 7)  # pitch classes that get their name beside a piano roll: C and G


@dataclass(frozen=True)
class Roll:
    """A piece to draw, of which the first bars are an opening by somebody else."""

    piece: Piece
    title: str
    opening_bars: int = 0


def draw_evaluation(
    metrics: dict,
    sampling: MusicParams,
    name: str,
    reference: Sequence[Piece],
    manifest: pd.DataFrame,
    music: Sequence[Piece],
    folder: Path,
) -> None:
    """`measures.png` and `style.png`, `rolls_NAME.png` of the reference and of the music at each temperature, and the
    first page of a score, `score.svg`.

    Args:
        name: of the model, for headings. reference: test pieces. manifest, music: see `music.load_music`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw_measures(metrics, sampling, name, folder / "measures.png")
    draw_style(metrics["style"], sampling, name, folder / "style.png")
    real = [Roll(cut_at_bar(piece, sampling.bars), piece.source) for piece in _spread(reference, ROLLS)]
    draw_rolls(real, "Held-out pieces, that no model has seen", folder / "rolls_reference.png")
    for temperature, rows in manifest.groupby("temperature", sort=True):
        drawn = [row for _, alike in rows.groupby("origin", sort=False) for row in _spread(list(alike.itertuples()), 2)]
        rolls = [
            Roll(music[row.Index], f"continues {row.opening}" if row.opening else "from nothing", row.opening_bars)
            for row in drawn
        ]
        heading = f"{name}, drawn at {temperatures_of(sampling, temperature)}"
        draw_rolls(rolls, heading, folder / f"rolls_{temperature:g}.png")
    sounding = [row for row in manifest.itertuples() if len(music[row.Index].notes)]
    for row in sorted(sounding, key=lambda row: (abs(row.temperature - 1), row.origin == "nothing"))[:1]:
        title = f"{name}, {temperatures_of(sampling, row.temperature)}, item {row.item}"
        piece = replace(music[row.Index], title=title, subtitle=f"after {row.opening}" if row.opening else "")
        (folder / "score.svg").write_bytes(svg_bytes(piece))


def temperatures_of(sampling: MusicParams, temperature: float) -> str:
    """What is drawn at which temperature, in words."""
    if sampling.pitch_factor == 1:
        return f"temperature {temperature:g}"
    return f"temperature {temperature:g}, pitches at {temperature * sampling.pitch_factor:g}"


def _spread(items: Sequence, count: int) -> list:
    """So many of the items, or all of fewer, evenly from the first on."""
    return [items[i * len(items) // count] for i in range(count)] if len(items) > count else list(items)


def write_differences(metrics: dict, path: Path) -> None:
    """The standardised differences from held-out pieces, a row a temperature, as a CSV file that DVC plots."""
    rows = [
        {"temperature": name, **{key: differences.get(key, "") for key in MEASURES}}
        for name, differences in metrics["standardised_difference"].items()
    ]
    write_table(rows, path)


def draw_measures(metrics: dict, sampling: MusicParams, name: str, path: Path) -> None:
    """Each measure at each temperature with its interval, over the band of real held-out pieces."""
    rows = -(-len(MEASURES) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(4 * COLUMNS, 2.6 * rows), layout="constrained")
    factor = f"; pitches at {sampling.pitch_factor:g} of it" if sampling.pitch_factor != 1 else ""
    for axis, measure in zip(axes.flat, MEASURES):
        found = {float(t): row[measure] for t, row in metrics["generated"].items() if measure in row}
        if measure in metrics["reference"]:
            real = metrics["reference"][measure]
            axis.axhspan(*_interval(real), color="tab:orange", alpha=0.3)
            axis.axhline(real["value"], color="tab:orange", label="held-out pieces")
        if found:
            values = np.array([e["value"] for e in found.values()])
            low, high = np.array([_interval(e) for e in found.values()]).T
            bars = np.maximum([values - low, high - values], 0)
            axis.errorbar(list(found), values, bars, marker="o", label="composed")
        axis.set(title=measure.replace("_", " "), xlabel=f"temperature{factor}")
    named = [axis for axis in axes.flat if axis.get_legend_handles_labels()[0]]
    for axis in named[:1]:
        axis.legend(fontsize="small")
    for axis in axes.flat[len(MEASURES) :]:
        axis.set_axis_off()
    figure.suptitle(f"{name}: measures with 95 % intervals")
    save(figure, path)


def draw_style(style: dict, sampling: MusicParams, name: str, path: Path) -> None:
    """At the temperature nearest to 1, how far the music lies from held-out pieces in each measure of style and in what
    follows what; on grey, as far as two halves of the held-out pieces lie apart.
    """
    temperature = min(style["generated"], key=lambda key: abs(float(key) - 1))
    differences, divergence = style["standardised_difference"][temperature], style["divergence"]
    left, right = "standard deviations from held-out pieces", "Jensen-Shannon divergence, bits"
    panels = (
        (left, differences, style["halves"], -1),
        (right, divergence.get(temperature, {}), divergence.get("halves", {}), 0),
    )
    height = 2 + 0.22 * len(differences)
    figure, axes = plt.subplots(1, 2, figsize=(12, height), width_ratios=(2, 1), layout="constrained")
    for axis, (label, found, halves, lowest) in zip(axes, panels):
        names = list(found)
        grey = np.array([halves.get(key, 0.0) for key in names])
        axis.barh(names, (1 - lowest) * grey, left=lowest * grey, color="0.8", label="two halves of them")
        axis.plot(list(found.values()), names, "o", label="composed")
        axis.axvline(0, color="0.5", linewidth=0.8)
        axis.set_yticks(names, [key.replace("_", " ") for key in names], fontsize="small")
        axis.invert_yaxis()
        axis.set_xlabel(label)
    axes[0].legend(fontsize="small")
    figure.suptitle(f"{name}, style at {temperatures_of(sampling, float(temperature))}")
    save(figure, path)


def _interval(estimate: dict) -> tuple[float, float]:
    """The interval of an estimate, of no width where it has none."""
    return estimate.get("low", estimate["value"]), estimate.get("high", estimate["value"])


def draw_rolls(rolls: Sequence[Roll], heading: str, path: Path) -> None:
    """Piano rolls below each other, on one scale of bars."""
    bars = max(bars_of(roll.piece) for roll in rolls)
    figure, axes = plt.subplots(len(rolls), 1, figsize=(11, 2.5 * len(rolls)), layout="constrained", squeeze=False)
    for axis, roll in zip(axes.flat, rolls):
        draw_roll(axis, roll, bars)
    axes.flat[-1].set_xlabel("bar")
    figure.suptitle(heading)
    save(figure, path)


def draw_roll(axis: plt.Axes, roll: Roll, bars: int) -> None:
    """One piano roll of so many bars: a colour for each part, a line for each bar; an opening by somebody else is
    paler, on grey."""
    piece, bar = roll.piece, roll.piece.bar_beats
    names, colours = part_names(piece), plt.get_cmap("tab10")
    opening = piece.notes["onset"] < roll.opening_bars * bar - 1e-9
    for part, name in enumerate(names):
        for shown, alpha in ((opening, PALE), (~opening, 1.0)):
            notes = piece.notes[shown & (piece.notes["part"] == part)]
            colour = (*colours(part % 10)[:3], alpha)
            bars_of_notes = PolyCollection(list(_rectangles(notes, bar)), color=colour, linewidth=0)
            bars_of_notes.set_label(name if alpha == 1 else None)
            axis.add_collection(bars_of_notes)
    if roll.opening_bars:
        axis.axvspan(0, roll.opening_bars, color="0.93", zorder=0)
    pitches = piece.notes["pitch"]
    axis.set_ylim(pitches.min(initial=127) - 1.5, pitches.max(initial=0) + 1.5)
    named = [p for p in range(pitches.min(initial=127), pitches.max(initial=0) + 1) if p % 12 in NAMED_CLASSES]
    axis.set_yticks(named, [note_number_to_name(pitch) for pitch in named])
    axis.set_xticks(range(bars + 1), [str(number + 1) if number < bars else "" for number in range(bars + 1)])
    axis.grid(axis="x", color="0.6", linewidth=0.6)
    axis.grid(axis="y", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_xlim(0, bars)
    title = f"{roll.title} (on grey)" if roll.opening_bars else roll.title
    axis.set_title(title, loc="left", fontsize="medium")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small", frameon=False)


def _rectangles(notes: np.ndarray, bar: float) -> np.ndarray:
    """The corners of each note in bars and pitches, float[notes, 4, 2]: one drawing for all, a tenth of the time of
    bars.
    """
    left, right = notes["onset"] / bar, (notes["onset"] + 0.95 * notes["duration"]) / bar
    low, high = notes["pitch"] - 0.45, notes["pitch"] + 0.45
    return np.stack([left, low, right, low, right, high, left, high], axis=1).reshape(-1, 4, 2)


def save(figure: plt.Figure, path: Path) -> None:
    """A PNG without a word of when and by what it was made."""
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
