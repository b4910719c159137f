"""A picture of how often chords are those that the composer wrote."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

ROWS = {  # of the agreement, and what they are called
    "another_piece": "chords written to another melody",
    "not_shown": "the model, not shown what comes",
    "floor": "floor: the chord of the most similar beat",
    "model": "the model",
    "ceiling": "ceiling: Bach's other settings",
}
KINDS = {"chord": "root and quality", "set": "the same pitch classes"}


def draw_agreement(metrics: dict, path: Path) -> None:
    """Agreement of each with the real pieces, with its interval: of melodies harmonised, and of bars filled; where no
    bars were filled, or none has a chord to compare, the picture says so.
    """
    panels = {"melodies harmonised": metrics["agreement"]}
    if filled := metrics.get("fill", {}).get("agreement"):
        panels["bars filled"] = filled
    figure, axes = plt.subplots(
        1, len(panels), figsize=(5.2 * len(panels), 2.8), layout="constrained", sharey=True, squeeze=False
    )
    for axis, (title, agreement) in zip(axes.flat, panels.items()):
        for offset, (kind, label) in enumerate(KINDS.items()):
            drawn = [(row, agreement[name][kind]) for row, name in enumerate(ROWS) if kind in agreement.get(name, {})]
            values = [found["value"] for _, found in drawn]
            sides = [[found["value"] - found.get("low", found["value"]) for _, found in drawn]]
            sides.append([found.get("high", found["value"]) - found["value"] for _, found in drawn])
            places = [row + 0.2 * (0.5 - offset) for row, _ in drawn]
            axis.errorbar(values, places, xerr=sides, fmt="os"[offset], markersize=4, linewidth=1, label=label)
        axis.set(yticks=range(len(ROWS)), yticklabels=ROWS.values(), xlim=(0, 1), xlabel="share of beats", title=title)
        axis.grid(axis="x", alpha=0.3)
    if not filled:
        figure.supxlabel("bars filled: none with chords to compare", fontsize=8)
    axes.flat[0].legend(fontsize=8, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
