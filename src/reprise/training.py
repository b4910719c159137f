"""What every training loop shares: its checkpoint, its patience, its curves."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch


def save_checkpoint(content: dict, path: Path) -> None:
    """Write a checkpoint whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path, device: torch.device) -> dict | None:
    """The checkpoint that an earlier run left, or None; runs no code from the file."""
    return torch.load(path, map_location=device, weights_only=True) if path.exists() else None


def out_of_patience(scores: Sequence[float], patience: int) -> bool:
    """Whether the best of `scores` (higher is better), one an epoch, is `patience` epochs old."""
    return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= patience


def write_curves(curves: list[dict], path: Path) -> None:
    """A row an epoch as a CSV file that DVC plots."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(curves[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(curves)
