"""Pictures of a corpus for a person to look at: pitches, steps and durations, lengths and keys.

Times are in quarter-note beats. Pitches and times are those of the training pieces, from which a model's bins are made.
"""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

from reprise.composition.corpus.statistics import steps_of
from reprise.composition.corpus.store import Corpus
from reprise.composition.encoding.binning import Binning
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS, to_twelfths

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

PARTS_SHOWN = 6  # parts of a bigger score from here on are shown as one


def draw_corpus(corpus: Corpus, folder: Path) -> None:
    """Draw every picture as a PNG into `folder`, which it makes."""
    folder.mkdir(parents=True, exist_ok=True)
    train = corpus.pieces("train")
    bar = max(round(piece.bar_beats * TWELFTHS) for piece in train)
    times = {
        "step to the next note": np.concatenate([steps_of(piece) for piece in train]),
        "duration": np.concatenate([piece.notes["duration"] for piece in train]),
    }
    draw_pitches(train, folder / "pitches.png")
    binned = {}
    for name, beats in times.items():
        bins = Binning.from_values(to_twelfths(beats), bar)
        binned[name] = bins.value(bins.index(to_twelfths(beats))) / TWELFTHS
    draw_times(times, binned, folder / "times.png")
    draw_pieces(corpus, folder / "pieces.png")


def draw_pitches(pieces: Sequence[Piece], path: Path) -> None:
    """How often each part has each MIDI pitch."""
    counts = np.zeros((PARTS_SHOWN, 128))
    for piece in pieces:
        np.add.at(counts, (np.minimum(piece.notes["part"], PARTS_SHOWN - 1), piece.notes["pitch"]), 1)
    used = np.flatnonzero(counts.any(axis=0))
    figure, axis = plt.subplots(figsize=(8, 4), layout="constrained")
    for part in np.flatnonzero(counts.any(axis=1)):
        label = f"part {part + 1}" + (" and more" if part == PARTS_SHOWN - 1 else "")
        axis.stairs(counts[part], np.arange(129) - 0.5, label=label, fill=True, alpha=0.5)
    axis.set(xlabel="MIDI pitch", ylabel="notes", title="pitches of the training pieces")
    axis.set_xlim(used[0] - 1, used[-1] + 1)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 6]))
    axis.legend(fontsize="small")
    _save(figure, path)


def draw_times(before: dict[str, np.ndarray], after: dict[str, np.ndarray], path: Path) -> None:
    """Distributions of times in beats before and after binning, in twelfths of a beat; one row of axes a name."""
    figure, axes = plt.subplots(len(before), 1, figsize=(8, 3 * len(before)), layout="constrained", squeeze=False)
    for axis, name in zip(axes[:, 0], before, strict=True):
        values, binned = before[name], after[name]
        edges = (np.arange(np.ceil(max(values.max(), binned.max()) * TWELFTHS) + 2) - 0.5) / TWELFTHS
        axis.stairs(np.histogram(values, edges)[0], edges, label=f"before: {len(np.unique(values))} values", fill=True)
        axis.stairs(np.histogram(binned, edges)[0], edges, label=f"after: {len(np.unique(binned))} bins", color="black")
        axis.set(xlabel=f"{name} (beats)", ylabel="notes", yscale="log")
        axis.set_ylim(bottom=0.7)
        axis.legend(fontsize="small")
    axes[0, 0].set_title("times of the training pieces, before and after binning")
    _save(figure, path)


def draw_pieces(corpus: Corpus, path: Path) -> None:
    """How long the pieces of training, validation and test are, and their key signatures."""
    table = corpus.table[corpus.table["split"] != "opening"]
    groups = {split: rows["bars"].to_numpy() for split, rows in table.groupby("split", sort=False)}
    figure, (lengths, keys) = plt.subplots(2, 1, figsize=(8, 6), layout="constrained")
    edges = np.arange(table["bars"].min(), table["bars"].max() + 2) - 0.5
    labels = [f"{split} ({len(bars)})" for split, bars in groups.items()]
    lengths.hist(list(groups.values()), edges, stacked=True, label=labels)
    lengths.set(xlabel="bars", ylabel="pieces", title="lengths")
    lengths.legend(fontsize="small")
    known = table["key_fifths"].dropna().to_numpy(int)
    names = ["0" if fifths == 0 else f"{abs(fifths)}{'♭' if fifths < 0 else '♯'}" for fifths in range(-7, 8)]
    keys.bar(names, [(known == fifths).sum() for fifths in range(-7, 8)])
    keys.set(xlabel=f"key signature ({len(table) - len(known)} pieces have none)", ylabel="pieces", title="keys")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    """As a PNG that carries no version and no date."""
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
