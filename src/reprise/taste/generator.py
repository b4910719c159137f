"""What every generator of music from words shares."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from reprise.music.piece import Piece


@dataclass(frozen=True, eq=False)
class Generated:
    """Music made from a text.

    Attributes:
        sound: float32[samples], mono. sample_rate: Hz. piece: its notes; None where the generator makes sound alone.
        understood: what was understood of the text, a line each.
    """

    sound: np.ndarray
    sample_rate: int
    piece: Piece | None = None
    understood: tuple[str, ...] = ()


class Generator(Protocol):
    """Makes music from words. The same text and seed give the same music, whatever else is made.

    Attributes:
        name: for people.
    """

    name: str

    def generate(self, text: str, seed: int) -> Generated:
        """Music for a text.

        Raises:
            BadInput: the text is empty, very long or asks for what can't be had.
        """
