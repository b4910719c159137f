"""The vocabulary of the `notes` encoding: which values its fields have, and what a model is told beside them.

Times are in twelfths of a beat throughout.
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from reprise.checked import AtLeastOne, checked, require
from reprise.composition.encoding.binning import Binning
from reprise.composition.encoding.events import INTERVALS, EventShape
from reprise.composition.encoding.hearing import motifs
from reprise.composition.encoding.hearing.echo import LENGTHS
from reprise.composition.encoding.hearing.keys import DEGREES, MEMORIES, MODES, RECENCIES
from reprise.composition.encoding.hearing.leading import PARALLELS, VoiceLeading
from reprise.composition.encoding.hearing.sonority import ROLES
from reprise.music.piece import MAX_PARTS, metre_problem
from reprise.music.timegrid import TWELFTHS

Pitch = Annotated[int, Field(ge=0, le=127)]  # MIDI's

STEP, PART, PITCH, DURATION, VELOCITY = range(5)
RECENT = 2  # notes before, whichever part, that a pitch is compared with
PARTS_COMPARED = 6  # of many parts, only the first ones are features
LONGEST_SOUNDING = 4 * TWELFTHS  # how much longer a part sounds; more counts as this
PHRASE_BARS = 4  # the number of a bar is seen modulo this
STILL = 17  # beats since all parts came to rest; more count as this
MOTIFS = 2  # followed: returns of a part's own pitches, and of intervals in whichever part
BARS_LEFT = 18  # categories of how many bars are left: untold, none after this one, and so on; more count as the last


@checked
class NotesVocabulary:
    """The vocabulary of the training pieces.

    Attributes:
        lowest, highest: MIDI pitches that can be encoded. parts: at most so many.
        steps, durations: bins in twelfths of a beat. velocities: centres of the bins; one means that the field is left
        out.
        metres: metres that the model knows. chord: notes that a part strikes at once, at most.
        margins: semitones below and above the training pieces' own range.
        framed: whether a model may be told what `events.Frame` says of a piece.
    """

    lowest: Pitch
    highest: Pitch
    parts: Annotated[int, Field(ge=1, le=MAX_PARTS)]
    steps: Binning
    durations: Binning
    velocities: Annotated[tuple[int, ...], Field(min_length=1)]
    metres: tuple[tuple[int, int], ...]
    chord: AtLeastOne
    margins: tuple[int, int]
    kind: Literal["notes"] = "notes"
    framed: bool = False

    def __post_init__(self) -> None:
        require(self.lowest <= self.highest, "lowest", self.lowest, "a MIDI pitch, at most `highest`")
        require(self.steps.centres[:1] == (0,), "steps", self.steps.centres[:1], "bins from 0 on")
        sound = bool(self.metres) and all(metre_problem(metre) is None for metre in self.metres)
        require(sound, "metres", self.metres, "one or more metres, such as [4, 4]")

    @cached_property
    def shape(self) -> EventShape:
        compared, positions = min(self.parts, PARTS_COMPARED), max(map(bar_length, self.metres))
        steps, pitches = len(self.steps) + 1, self.highest - self.lowest + 1
        sizes = (steps, self.parts, pitches, len(self.durations), len(self.velocities))
        place = (positions, len(self.metres), STILL + 1, *((LONGEST_SOUNDING + 1,) * compared))
        place += (MODES,) * self.keys
        place += (BARS_LEFT, self.parts + 1) * self.framed
        given: tuple[tuple[int, ...], ...] = (
            place,
            (*place, steps),
            (*place, steps, self.parts),
            (*place, steps, self.parts, pitches),
        )
        given += ((*given[DURATION], len(self.durations)),)
        given = tuple((*known, size + 1, LENGTHS) for known, size in zip(given, sizes))
        of_pitch = *VoiceLeading.sizes(compared), *(motifs.LENGTHS,) * MOTIFS
        of_duration = (motifs.LENGTHS, len(self.durations) + 1) * MOTIFS
        given = (*given[:PITCH], given[PITCH] + of_pitch, given[DURATION] + of_duration, *given[DURATION + 1 :])
        used = VELOCITY if self.drops_velocity else VELOCITY + 1
        near = compared + RECENT + 1 + self.framed  # pitches that a pitch is compared with
        read = (*place, PHRASE_BARS, 12, *((DEGREES,) * self.keys), *((INTERVALS,) * near), *sizes[:used])
        names = ("step", "part", "pitch", "duration", "velocity")
        references, tonics = (0, 0, near + self.keys, 0, 0), (0, 0, self.keys, 0, 0)
        classes = (), (), (RECENCIES, ROLES + PARALLELS - 1, *(motifs.LENGTHS,) * MOTIFS), (), ()
        return EventShape(
            names[:used],
            sizes[:used],
            read,
            given[:used],
            references[:used],
            tonics[:used],
            classes[:used],
            (0, 0, self.lowest, 0, 0)[:used],
        )

    @property
    def keys(self) -> int:
        """So many keys are told of a piece: those that it seems to be in, and its home key."""
        return MEMORIES + self.framed

    @property
    def trained_range(self) -> tuple[int, int]:
        """Lowest and highest MIDI pitch of the training pieces, before transposition."""
        return self.lowest + self.margins[0], self.highest - self.margins[1]

    @property
    def drops_velocity(self) -> bool:
        """The training pieces have one velocity: nothing to predict."""
        return len(self.velocities) == 1

    @property
    def velocities_read(self) -> tuple[int, ...]:
        """See `events.Encoding`."""
        return () if self.drops_velocity else self.velocities

    @property
    def end(self) -> int:
        """The value of `step` that ends a piece."""
        return len(self.steps)


def bar_length(metre: tuple[int, int]) -> int:
    """Twelfths of a beat in a bar."""
    return metre[0] * 4 * TWELFTHS // metre[1]
