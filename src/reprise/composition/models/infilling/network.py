"""The network that fills in: the tuple model, and beside it a bidirectional LSTM that hears all given notes.

The condition of an event is what the LSTM makes of the given note that comes next: it has read the notes before it from
the left, and those after it, to the end, from the right. The step is drawn with the next note in the order of events
before the eyes, the other fields with the first one from the onset of the event on. Shapes: B sequences, N events, M
given notes and the end, G categories of each, D the width.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from reprise.composition.encoding.events import EventShape
from reprise.composition.encoding.notes_vocabulary import STEP
from reprise.composition.models.backbones import AnyBackbone
from reprise.composition.models.batches import Batch
from reprise.composition.models.tuple_model import AddCondition, CategorySum, TupleModel


class InfillingModel(TupleModel):
    """The tuple model of an encoding that sees ahead, see `ahead.AheadEncoding`."""

    def __init__(self, shape: EventShape, params: AnyBackbone, note_sizes: tuple[int, ...]) -> None:
        super().__init__(shape, params, params.width)
        self.note = CategorySum(note_sizes, params.width)
        self.forth, self.back = (nn.LSTM(params.width, params.width // 2, batch_first=True) for _ in range(2))
        self.at_onset = AddCondition(params.width, params.width)

    def hear(self, notes: Tensor) -> Tensor:
        """What is heard at each given note, int64[B, M, G] to float[B, M, D], by an LSTM in either direction.

        The one that goes back reads each sequence turned round in place: a packed bidirectional LSTM, which does the
        same, takes three times as long on a processor.
        """
        lengths = (notes[..., 0] > 0).sum(dim=1, keepdim=True)
        places = torch.arange(notes.shape[1], device=notes.device).expand(notes.shape[:2])
        turned = torch.where(places < lengths, lengths - 1 - places, places)
        read = self.drop(self.note(notes))
        back = at_places(self.back(at_places(read, turned))[0], turned)
        return self.drop(torch.cat([self.forth(read)[0], back], dim=-1))

    def hidden_with(self, batch: Batch, condition: Tensor) -> Tensor:
        """float[B, N, 2 D]: what the backbone makes of the events before each one, and what is heard at its onset."""
        heard = self.hear(batch.beside)
        order, onset = batch.read[..., -1], batch.given[STEP + 1][..., -1]
        own = super().hidden_with(replace(batch, read=batch.read[..., :-1]), at_places(heard, order))
        return torch.cat([own, at_places(heard, onset)], dim=-1)

    def field_logits(self, field: int, hidden: Tensor, batch: Batch) -> Tensor:
        own, onset = hidden.chunk(2, dim=-1)
        return self.logits(field, own, onset, batch.given[field], batch.references[field], batch.classes[field])

    def logits(
        self, field: int, own: Tensor, onset: Tensor, given: Tensor, references: Tensor, classes: Tensor
    ) -> Tensor:
        """Logits of a field from the backbone's output and what is heard at the event's onset, float[..., D] each."""
        known = own if field == STEP else self.at_onset(own, onset)
        return self.heads[field](known, given[..., :-1], references, classes)


def at_places(heard: Tensor, places: Tensor) -> Tensor:
    """float[B, M, D] at int64[B, N], as float[B, N, D]."""
    return heard.gather(1, places[..., None].expand(-1, -1, heard.shape[-1]))


class Hearing:
    """An infilling model that has heard the given notes of B sequences, int64[M, G] each: as a sampler draws from it.

    Each is heard by itself, so that what is heard doesn't depend on the others.
    """

    phrase_bars, condition_size = TupleModel.phrase_bars, 0

    @torch.inference_mode()
    def __init__(self, model: InfillingModel, notes: Sequence[np.ndarray]) -> None:
        self.model = model.eval()
        device = next(model.parameters()).device
        heard = [model.hear(torch.from_numpy(own)[None].to(device))[0] for own in notes]
        self.heard = nn.utils.rnn.pad_sequence(heard, batch_first=True)
        self.heads = [self._head(field) for field in range(len(model.heads))]

    def eval(self) -> "Hearing":
        """See `TupleModel`."""
        return self

    def parameters(self) -> Iterator[nn.Parameter]:
        """See `TupleModel`."""
        return self.model.parameters()

    def draw_condition(self, rng: np.random.Generator) -> np.ndarray:
        """None: what is heard is the condition."""
        return np.zeros(0)

    def step(self, read: Tensor | None, cache: object, condition: Tensor) -> tuple[Tensor, object]:
        """See `TupleModel.step`; `read` ends with the place."""
        places = torch.zeros(len(self.heard), dtype=torch.long) if read is None else read[:, -1]
        here = at_places(self.heard, places.to(self.heard.device)[:, None])[:, 0]
        return self.model.step(None if read is None else read[:, :-1], cache, here)

    def _head(self, field: int) -> Callable[..., Tensor]:
        def logits(own: Tensor, given: Tensor, references: Tensor, classes: Tensor) -> Tensor:
            onset = at_places(self.heard, given[:, -1:])[:, 0]
            return self.model.logits(field, own, onset, given, references, classes)

        return logits
