"""Maps of an embedder's space: labelled vectors as points, by PCA and by t-SNE, and how far their labels lie apart.

A map shows; what says whether labels lie apart is the silhouette (Rousseeuw, 1987) of the vectors themselves: 1 where
each label is a cluster of its own, 0 where labels lie across each other. Its p-value is the share of random dealings of
the labels, the real one among them, that part the vectors as well (Phipson & Smyth, Permutation p-values should never
be zero, 2010). Vectors that are the same and have the same label count once: repeats would be clusters by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from reprise.errors import BadInput
from reprise.learning.bootstrap import rounded

matplotlib.use("Agg")
from matplotlib import pyplot as plt

PERMUTATIONS = 999
LEAST_DISTINCT = 2  # vectors of each label
SAME = 1e-6  # cosine distance of vectors that are one: the rest is rounding
PERPLEXITY = 30.0
MARKERS = "osD^vP*X"
EPSILON = 1e-12


@dataclass(frozen=True, eq=False)
class Labelled:
    """Vectors with labels: float[N, E] of length one, N texts, and the checkpoint that made them."""

    vectors: np.ndarray
    labels: tuple[str, ...]
    checkpoint_sha256: str


@dataclass(frozen=True, eq=False)
class Map:
    """Points by the name of a method, float[N, 2], and a label for each.

    Attributes:
        separation: `silhouette`, its `p_value`, and `count`, over how many distinct vectors.
    """

    points: dict[str, np.ndarray]
    labels: tuple[str, ...]
    separation: dict[str, float]


def make_map(sets: Sequence[Labelled], seed: int) -> Map:
    """The map of all sets together.

    Raises:
        BadInput: they are of different checkpoints, there are fewer than two labels, or a label has fewer than two
            distinct vectors.
    """
    checkpoints = {own.checkpoint_sha256 for own in sets}
    if len(checkpoints) != 1:
        raise BadInput(
            f"map: vectors come from {len(checkpoints)} checkpoints; all must come from one, since two spaces have "
            "nothing to do with each other"
        )
    vectors = np.concatenate([own.vectors for own in sets]).astype(np.float64)
    labels = tuple(label for own in sets for label in own.labels)
    separation = measure_separation(vectors, labels, seed)
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    points = {
        "PCA": PCA(2, svd_solver="full").fit_transform(vectors),
        "t-SNE": TSNE(
            perplexity=perplexity, metric="cosine", init="pca", random_state=seed, method="exact"
        ).fit_transform(vectors),
    }
    return Map(points, labels, separation)


def measure_separation(vectors: np.ndarray, labels: Sequence[str], seed: int) -> dict[str, float]:
    """`silhouette` by cosine distance, its `p_value`, and the `count` of distinct vectors of float[N, E].

    Raises:
        BadInput: there are fewer than two labels, or a label has fewer than two distinct vectors.
    """
    names, owner = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) < 2:
        raise BadInput(f"map: has {len(names)} labels; it must have 2 or more")
    distances = _cosine_distances(vectors)
    repeats = np.tril((distances < SAME) & (owner[:, None] == owner), -1).any(axis=1)
    distances, owner = distances[~repeats][:, ~repeats], owner[~repeats]
    for name, count in zip(names, np.bincount(owner)):
        if count < LEAST_DISTINCT:
            raise BadInput(
                f"map: label '{name}' has {count} distinct vector, however often it is repeated; each must have "
                f"{LEAST_DISTINCT} or more, else it is a cluster by itself"
            )
    found = silhouette(distances, owner)
    rng = np.random.default_rng(seed)
    dealt = [silhouette(distances, rng.permutation(owner)) for _ in range(PERMUTATIONS)]
    p_value = (1 + sum(value >= found - EPSILON for value in dealt)) / (1 + PERMUTATIONS)
    return {"silhouette": rounded(found), "p_value": rounded(p_value), "count": len(owner)}


def _cosine_distances(vectors: np.ndarray) -> np.ndarray:
    unit = vectors.astype(np.float64)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), EPSILON)
    return 1 - unit @ unit.T


def silhouette(distances: np.ndarray, owner: np.ndarray) -> float:
    """The mean silhouette of items with the labels 0, 1, ..., int[N], each on at least two, from float[N, N]."""
    member = np.eye(owner.max() + 1)[owner]
    sizes, items = member.sum(axis=0), np.arange(len(owner))
    sums = distances @ member
    own = (sums[items, owner] - distances.diagonal()) / (sizes[owner] - 1)
    means = sums / sizes
    means[items, owner] = np.inf
    other = means.min(axis=1)
    return float(((other - own) / np.maximum(np.maximum(own, other), EPSILON)).mean())


def draw_map(drawn: Map, title: str, path: Path) -> None:
    """The points by each method side by side, coloured by label; the same map gives the same bytes."""
    figure, axes = plt.subplots(1, len(drawn.points), figsize=(5 * len(drawn.points), 4.6), layout="constrained")
    labels = np.asarray(drawn.labels)
    for axis, (method, points) in zip(axes, drawn.points.items()):
        for place, label in enumerate(dict.fromkeys(drawn.labels)):
            own = points[labels == label]
            marker = MARKERS[place % len(MARKERS)]
            axis.scatter(*own.T, s=22, alpha=0.75, marker=marker, label=f"{label} ({len(own)})", linewidths=0)
        axis.set(title=method, xticks=[], yticks=[])
    axes[0].legend(fontsize="small")
    said = drawn.separation
    figure.suptitle(
        f"{title}: silhouette {said['silhouette']:.2f} (p {said['p_value']:.3f}, {said['count']} distinct vectors)",
        fontsize="medium",
    )
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)
