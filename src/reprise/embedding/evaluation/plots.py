"""Pictures of what an embedder tells apart."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt

HEIGHT = 0.38


def draw_flips(flips: Mapping[str, Mapping[str, dict]], path: Path) -> None:
    """For each topic how often the true one of two captions is nearer, to sound and to notes, with intervals."""
    topics = list(dict.fromkeys(topic for own in flips.values() for topic in own))
    figure, axis = plt.subplots(figsize=(7, 0.5 * len(topics) + 1.2), layout="constrained")
    for offset, (kind, own) in enumerate(flips.items()):
        named = [topic for topic in topics if topic in own]
        values = np.array([own[topic]["value"] for topic in named])
        low, high = (np.array([own[topic].get(end, own[topic]["value"]) for topic in named]) for end in ("low", "high"))
        places = [topics.index(topic) + (offset - 0.5) * HEIGHT for topic in named]
        axis.barh(places, values, HEIGHT, xerr=(values - low, high - values), label=kind, error_kw={"linewidth": 0.8})
    axis.axvline(0.5, color="0.4", linestyle=":", label="chance")
    axis.set_yticks(range(len(topics)), [topic.replace("_", " ") for topic in topics])
    axis.invert_yaxis()
    axis.set(xlim=(0, 1), xlabel="share of pairs in which the true caption is nearer", title="one assertion flipped")
    axis.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
