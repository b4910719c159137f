"""The encodings there are: `models.training.encoding` of params.yaml, and a saved config, name one of them."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from reprise.composition.encoding.events import Encoding
from reprise.composition.encoding.notes import NotesEncoding
from reprise.errors import BadInput
from reprise.music.piece import Piece

ENCODINGS: dict[str, type[Encoding]] = {"notes": NotesEncoding}


class _ByKind:
    """Checks an encoding, or builds it from a mapping, as the class that its `kind` names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        known = {kind: handler.generate_schema(encoding) for kind, encoding in ENCODINGS.items()}
        return core_schema.tagged_union_schema(known, "kind")


AnyEncoding = Annotated[Encoding, _ByKind()]


def encodable(encoding: Encoding, pieces: Sequence[Piece]) -> tuple[list[Piece], list[np.ndarray]]:
    """The pieces that the vocabulary of the training pieces can express, and their events, int64[N, F]."""
    kept, events = [], []
    for piece in pieces:
        try:
            events.append(encoding.encode(piece))
            kept.append(piece)
        except BadInput:  # counted by whoever asks for fewer pieces than it gave
            continue
    return kept, events
