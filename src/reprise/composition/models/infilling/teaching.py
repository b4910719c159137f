"""What an infilling model is taught with: in each epoch a part of each piece stands, drawn anew, and the rest is to be
written.

Of an event that stands the step and the part count, as they say that no new note comes before it; pitch and duration
don't.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import Field

from reprise.checked import Share, checked, require
from reprise.composition.encoding.binning import Binning
from reprise.composition.encoding.events import Encoding
from reprise.composition.encoding.notes import NotesEncoding
from reprise.composition.encoding.notes_vocabulary import PITCH, bar_length
from reprise.composition.models.batches import Example, make_examples
from reprise.composition.models.infilling.ahead import AheadEncoding
from reprise.composition.models.infilling.given import Gap, given_in, note_categories, setting_of


@checked
class GapParams:
    """What stands of the pieces that a model learns from: shares of the pieces; of the others nothing does.

    Attributes:
        melody: the first part. part: another one. parts: several. bars: all parts outside of some bars.
        most_bars: that are to be written then.
    """

    melody: Share
    part: Share
    parts: Share
    bars: Share
    most_bars: Annotated[int, Field(ge=1, le=64)]

    def __post_init__(self) -> None:
        total = self.melody + self.part + self.parts + self.bars
        require(total <= 1 + 1e-9, "melody, part, parts, bars", round(total, 6), "shares whose sum is 1 at most")

    def draw(self, parts: int, bars: int, bar: int, rng: np.random.Generator) -> Gap:
        """A gap in a piece of so many parts and bars, a bar of so many twelfths."""
        kind, order = rng.random(), rng.permutation(parts)
        several = int(rng.integers(2, max(parts, 3)))
        first, count = int(rng.integers(bars)), int(rng.integers(1, self.most_bars + 1))
        stand: Sequence[int] = ()
        for share, standing in (
            (self.melody, np.zeros(1, np.int64)),
            (self.part, order[:1]),
            (self.parts, order[:several]),
        ):
            if kind < share:
                stand = standing.tolist()
                break
            kind -= share
        else:
            if kind < self.bars:
                return Gap((True,) * parts, first * bar, (first + count) * bar)
        return Gap(tuple(part not in stand for part in range(parts)))


def with_every_step(encoding: Encoding) -> NotesEncoding:
    """The vocabulary with every twelfth of a bar as a step: a given note may be as far as that from any new one.

    Raises:
        ParamsError: it isn't that of notes.
    """
    require(isinstance(encoding, NotesEncoding), "encoding", encoding.kind, "notes, of a model that sees ahead")
    assert isinstance(encoding, NotesEncoding)
    bar = max(map(bar_length, encoding.metres))
    return replace(encoding, steps=Binning.from_values(range(bar + 1), bar))


def melody_given(parts: int, part: int = 0) -> Gap:
    """All parts but one are to be written."""
    return Gap(tuple(other != part for other in range(parts)))


def infilling_examples(
    encoding: AheadEncoding,
    events: Sequence[np.ndarray],
    metres: Sequence[tuple[int, int]],
    gaps: Sequence[Gap],
    shown: bool = True,
) -> list[Example]:
    """Pieces with gaps as examples; where what stands isn't shown, it counts as little all the same."""
    given = [given_in(encoding, own, gap) for own, gap in zip(events, gaps)]
    settings = [setting_of(own, metre, shown) for own, metre in zip(given, metres)]
    examples = make_examples(encoding, events, metres, None, settings)
    found = []
    for example, own, gap, setting, metre in zip(examples, events, gaps, settings, metres):
        onsets = np.cumsum(encoding.steps.value(np.where(own[:, 0] < encoding.end, own[:, 0], 0)))
        stands = ~gap.holds(own[:, 1], onsets) & (own[:, 0] < encoding.end)
        mask = example.mask.copy()
        mask[stands, PITCH:] = False
        found.append(replace(example, mask=mask, beside=note_categories(encoding, setting, metre)))
    return found
