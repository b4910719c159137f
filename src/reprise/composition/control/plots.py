"""A picture of what was asked of a composer and what its pieces are."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from reprise.composition.models.conditions import Told

COLUMNS = 3


def draw_control(asked: Sequence[Told], measured: Sequence[Told], correlations: dict[str, dict], path: Path) -> None:
    """Each attribute, asked against measured, a dot a piece; its correlation above."""
    names = [name for name in correlations if name != "mode"]
    rows = -(-len(names) // COLUMNS)
    figure, axes = plt.subplots(rows, COLUMNS, figsize=(3.2 * COLUMNS, 3 * rows), layout="constrained", squeeze=False)
    for axis, name in zip(axes.flat, names):
        pairs = [(_value(a, name), _value(m, name)) for a, m in zip(asked, measured)]
        axis.scatter(*zip(*pairs), s=8, alpha=0.6, linewidth=0)
        axis.set(
            xlabel="asked", ylabel="measured", title=f"{name.replace('_', ' ')}: {correlations[name]['value']:.2f}"
        )
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)


def _value(told: Told, name: str) -> float:
    value = told.frame.pitch if name == "mean_pitch" else told.attributes.get(name)
    return float("nan") if value is None else value
