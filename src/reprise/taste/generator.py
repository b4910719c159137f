"""What every text-to-music generator offers: a text and a seed in, sound out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reprise.music.piece import Piece


@dataclass(frozen=True, eq=False)
class Generated:
    """Music made from a text.

    Attributes:
        sound: mono, float32[samples] in -1..1. sample_rate: in Hz. piece: its notes, where there are some.
        understood: what was understood of the text, a line each, for people; empty where a generator can't tell.
    """

    sound: np.ndarray
    sample_rate: int
    piece: Piece | None = None
    understood: tuple[str, ...] = ()


class Generator(Protocol):
    """A generator. The same text and seed give the same music, whatever else is generated before.

    Attributes:
        name: for people.
    """

    name: str

    def generate(self, text: str, seed: int) -> Generated:
        """Music from `text`.

        Raises:
            BadInput: the text can't be used.
        """
