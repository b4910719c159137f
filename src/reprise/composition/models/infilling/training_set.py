"""The training pieces of an infilling model, of which other notes stand in each epoch."""

import numpy as np

from reprise.composition.encoding.notes_vocabulary import bar_length
from reprise.composition.models.batches import Example
from reprise.composition.models.infilling.ahead import AheadEncoding
from reprise.composition.models.infilling.teaching import GapParams, infilling_examples
from reprise.composition.models.train import TrainingSet


class InfillingSet(TrainingSet):
    """Pieces of which other notes stand in each epoch."""

    def __init__(
        self, encoding: AheadEncoding, events: list[np.ndarray], metres: list[tuple[int, int]], gaps: GapParams
    ) -> None:
        super().__init__(encoding, events, metres)
        self.ahead, self.gaps = encoding, gaps

    def examples(self, moved: list[np.ndarray], shifts: list[int], rng: np.random.Generator) -> list[Example]:
        """See `TrainingSet.examples`."""
        drawn = []
        for events, metre in zip(moved, self.metres):
            bar = bar_length(metre)
            drawn.append(self.gaps.draw(self.ahead.parts, self.ahead.last_onset(events[:-1]) // bar + 1, bar, rng))
        return infilling_examples(self.ahead, moved, self.metres, drawn)
