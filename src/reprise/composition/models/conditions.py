"""What a model can be told of a piece before it writes it: attributes as a vector, and the frame of the piece.

Each of them may be absent. In training some are left out at random, so that any of them can be asked for alone, and so
that the model also knows what it would write untold, which guidance starts from (Ho & Salimans, Classifier-free
diffusion guidance, 2022).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from reprise.checked import Share, checked, require
from reprise.composition.encoding.events import UNTOLD, Encoding, Frame
from reprise.composition.models.batches import Example, make_examples
from reprise.errors import BadInput
from reprise.music.analysis.attributes import dissonance, mean_pitch, onset_density, rhythmic_variety
from reprise.music.analysis.keyfinding import find_key
from reprise.music.excerpts import bars_of
from reprise.music.piece import Piece

ATTRIBUTES = {
    "onset_density": onset_density,
    "dissonance": dissonance,
    "rhythmic_variety": rhythmic_variety,
}
OTHERS = ("bars", "parts", "pitch")  # of a frame, beside the key
KNOTS = 8  # of an attribute's scale, at quantiles of the training pieces as far apart


@dataclass(frozen=True)
class Told:
    """What is told of a piece: attributes by name, see `ATTRIBUTES`, and its frame; what isn't there isn't told."""

    attributes: Mapping[str, float] = field(default_factory=dict)
    frame: Frame = UNTOLD

    def transposed(self, semitones: int) -> "Told":
        """The same of the piece so many semitones higher."""
        frame = self.frame
        tonic = None if frame.tonic is None else (frame.tonic + semitones) % 12
        pitch = None if frame.pitch is None else frame.pitch + semitones
        return replace(self, frame=replace(frame, tonic=tonic, pitch=pitch))


NOTHING = Told()


def told_of(piece: Piece) -> Told:
    """All that can be told of a piece; an attribute that is undefined for it is left out."""
    measured = {name: function(piece) for name, function in ATTRIBUTES.items()}
    key = find_key(piece)
    tonic, mode = (None, None) if key is None else (key.tonic, key.mode)
    frame = Frame(tonic, mode, bars_of(piece), len(np.unique(piece.notes["part"])), round(mean_pitch(piece)))
    return Told({name: value for name, value in measured.items() if np.isfinite(value)}, frame)


@checked
class Conditions:
    """Attributes as a vector: each is spread over the knots of its scale, which ascend, and all 0 where it isn't told.

    A value lies between two knots and is shared out between them by how near each is (piecewise linear encoding:
    Gorishniy et al., On embeddings for numerical features, 2022); beyond the ends it counts as the end.
    """

    knots: dict[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        for name, knots in self.knots.items():
            require(name in ATTRIBUTES, "knots", name, f"one of {', '.join(ATTRIBUTES)}")
            ascending = len(knots) == KNOTS and list(knots) == sorted(knots) and knots[0] < knots[-1]
            require(ascending, f"knots.{name}", knots, f"{KNOTS} of them, ascending")

    @classmethod
    def of(cls, told: Sequence[Told]) -> "Conditions":
        """Scales that span these pieces; an attribute that hardly differs between them has none.

        Raises:
            BadInput: none differs.
        """
        knots = {}
        for name in ATTRIBUTES:
            values = [one.attributes[name] for one in told if name in one.attributes]
            if values:
                knots[name] = tuple(np.quantile(values, np.linspace(0, 1, KNOTS)).round(4).tolist())
        knots = {name: own for name, own in knots.items() if own[0] < own[-1]}
        if not knots:
            raise BadInput("the training pieces don't differ in any attribute, so none can be asked for; add others")
        return cls(knots)

    @property
    def size(self) -> int:
        return KNOTS * len(self.knots)

    def vector(self, attributes: Mapping[str, float]) -> np.ndarray:
        """float[size].

        Raises:
            BadInput: the model doesn't know one of the attributes.
        """
        unknown = [name for name in attributes if name not in self.knots]
        if unknown:
            raise BadInput(f"attribute '{unknown[0]}': is unknown to the model, which knows {', '.join(self.knots)}")
        parts = [
            _spread(attributes[name], np.array(knots)) if name in attributes else np.zeros(KNOTS)
            for name, knots in self.knots.items()
        ]
        return np.concatenate(parts)

    def at(self, name: str, quantile: float) -> float:
        """The value that so large a share of the training pieces lies below."""
        return float(np.interp(quantile, np.linspace(0, 1, KNOTS), self.knots[name]))


def told_examples(
    encoding: Encoding, conditions: Conditions | None, pieces: Sequence[Piece], events: Sequence[np.ndarray]
) -> list[Example]:
    """Pieces with their events, int64[N, F] each, as examples; a model with conditions is told all of each piece."""
    metres = [piece.metre for piece in pieces]
    if conditions is None:
        return make_examples(encoding, events, metres)
    told = [told_of(piece) for piece in pieces]
    known = [{name: value for name, value in one.attributes.items() if name in conditions.knots} for one in told]
    return make_examples(encoding, events, metres, list(map(conditions.vector, known)), [one.frame for one in told])


def _spread(value: float, knots: np.ndarray) -> np.ndarray:
    place = np.interp(value, knots, np.arange(KNOTS))
    return np.maximum(1 - np.abs(np.arange(KNOTS) - place), 0)


@checked
class OmissionParams:
    """How much a model isn't told in training.

    Attributes:
        one: share of pieces of which any one thing is left out. all: share of which nothing at all is told.
    """

    one: Share
    all: Share


@dataclass(frozen=True)
class Teaching:
    """The conditions of a model, and how much of them is left out while it learns."""

    conditions: Conditions
    omission: OmissionParams

    def omit(self, told: Told, rng: np.random.Generator) -> Told:
        """What is told of a piece in one epoch."""
        names = (*ATTRIBUTES, "key", *OTHERS)
        left = dict(zip(names, rng.random(len(names)) >= self.omission.one))
        if rng.random() < self.omission.all:
            return NOTHING
        frame = told.frame
        if not left["key"]:
            frame = replace(frame, tonic=None, mode=None)
        frame = replace(frame, **{name: None for name in OTHERS if not left[name]})
        known = self.conditions.knots
        return Told({name: value for name, value in told.attributes.items() if left[name] and name in known}, frame)
