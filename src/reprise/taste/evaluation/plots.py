"""Pictures of how well music made from words is told apart."""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes


def draw_taste(metrics: dict, folder: Path) -> None:
    """Into `folder`: `matrix.png`, which taste each prompt's music lies nearest to, and `scores.png`, mean cosines of
    music and words beside those of the controls.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sides = {"by sound": metrics, "by notes": metrics["notes"]}
    figure, axes = plt.subplots(1, len(sides), figsize=(4 * len(sides), 3.6), layout="constrained")
    for axis, (title, found) in zip(axes, sides.items()):
        _matrix(axis, found["matrix"], f"{title}: {found['accuracy']['value']:.2f} right")
    figure.savefig(folder / "matrix.png", dpi=80, metadata={"Software": None})
    plt.close(figure)
    figure, axes = plt.subplots(1, len(sides), figsize=(4 * len(sides), 2.8), layout="constrained", sharex=True)
    for axis, (title, found) in zip(axes, sides.items()):
        _scores(axis, found["scores"], title)
    figure.savefig(folder / "scores.png", dpi=80, metadata={"Software": None})
    plt.close(figure)


def _matrix(axis: Axes, matrix: dict[str, dict[str, float]], title: str) -> None:
    tastes = list(next(iter(matrix.values())))
    values = np.array([[row[taste] for taste in tastes] for row in matrix.values()])
    axis.imshow(values, vmin=0, vmax=1, cmap="Blues")
    for (row, column), value in np.ndenumerate(values):
        axis.text(column, row, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.6 else "black")
    axis.set_xticks(range(len(tastes)), tastes)
    axis.set_yticks(range(len(matrix)), list(matrix))
    axis.set(xlabel="nearest taste", ylabel="prompt", title=title)


def _scores(axis: Axes, scores: dict[str, dict], title: str) -> None:
    for place, found in enumerate(scores.values()):
        low, high = found.get("low", found["value"]), found.get("high", found["value"])
        axis.plot([low, high], [place, place], color="tab:blue")
        axis.plot(found["value"], place, "o", color="tab:blue")
    axis.set_yticks(range(len(scores)), list(scores))
    axis.invert_yaxis()
    axis.set(xlabel="mean cosine of music and words", title=title)
