"""One voice of an ABC tune: what is written, one after the other, to notes with their places in bars.

Times are exact, in quarter notes. A place is a bar's number and what has passed of it: where a bar begins is known
once all voices are read, because a bar begins together in all of them.
"""

from dataclasses import dataclass
from fractions import Fraction

from reprise.music.piece import MAX_BEATS
from reprise.music.readers.abc.fields import ALTERATIONS, Settings

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MIDDLE_C = 60

Place = tuple[int, Fraction]


@dataclass
class Head:
    """A note as it is written: accidental, letter, octave marks, its length in units, and whether it is tied on."""

    accidental: str
    letter: str
    marks: str
    length: Fraction
    is_tied: bool


@dataclass
class Note:
    """A note that sounds, those that it is tied to included."""

    pitch: int
    start: Place
    end: Place


@dataclass
class _Held:
    """A note, chord or rest whose length isn't settled yet: a broken rhythm may follow."""

    pitches: list[tuple[Head, int]]
    length: Fraction


class Voice:
    """Takes what is written of a voice in its order.

    Attributes:
        notes: what sounds, in the order of writing.
        lengths: of its bars, the longest of the layers that `&` puts over one another.
        history: what fields say, by the place where it begins to hold.
        joined: written notes that only prolong the one that they are tied to.
        graces: grace notes that were written.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.notes: list[Note] = []
        self.lengths = [Fraction(0)]
        self.history: dict[Place, Settings] = {(0, Fraction(0)): settings}
        self.joined = self.graces = 0
        self._bar, self._offset, self._layer = 0, Fraction(0), 0
        self._altered: dict[object, int] = {}  # by accidentals of this bar
        self._ties: dict[int, list[tuple[Head, Note]]] = {}  # of the last note of each layer
        self._held: _Held | None = None
        self._broken = Fraction(1)  # what a broken rhythm makes of the next note
        self._tuplet, self._tuplet_notes = Fraction(1), 0

    def read_field(self, letter: str, value: str) -> None:
        """A field, of which a V: comes without the voice's name.

        Raises:
            ValueError: it can't be read.
        """
        self._place()
        self.settings = self.history[self._bar, self._offset] = self.settings.after(letter, value)
        if letter == "K":
            self._altered.clear()

    def sound(self, heads: list[Head], length: Fraction) -> None:
        """A note, a chord of several, or a rest of none; `length` is a factor for them.

        All notes of a chord last as long as its first.
        """
        self._place()
        length *= self.settings.unit * self._broken * (heads[0].length if heads else 1)
        self._broken = Fraction(1)
        if self._tuplet_notes:
            length *= self._tuplet
            self._tuplet_notes -= 1
        self._held = _Held([(head, self._pitch(head)) for head in heads], length)

    def tie(self) -> None:
        """Ties all of the last note or chord to what follows."""
        for head, _ in self._held.pitches if self._held else []:
            head.is_tied = True

    def break_rhythm(self, marks: str) -> None:
        """`>` lengthens the last note by half and halves the next; each further `>` halves the rest again.

        Raises:
            ValueError: there is no note before it.
        """
        if self._held is None or len(marks) > 4:
            raise ValueError(f"'{marks[:10]}' must stand between two notes")
        short = Fraction(1, 2 ** len(marks))
        last, self._broken = (2 - short, short) if marks[0] == ">" else (short, 2 - short)
        self._held.length *= last

    def begin_tuplet(self, notes: int, time: int | None, count: int | None) -> None:
        """The next `count` notes are played `notes` in the time of `time`; None for what is usual.

        Raises:
            ValueError: it has no notes or no time.
        """
        if time is None:
            numerator = self.settings.metre[0]
            compound = 3 if numerator % 3 == 0 and numerator > 3 else 2
            time = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(notes, compound)
        if not notes or not time or count == 0:
            raise ValueError("a tuplet must have notes and a time")
        self._place()
        self._tuplet, self._tuplet_notes = Fraction(time, notes), notes if count is None else count

    def rest_bars(self, count: int) -> None:
        """Whole bars of rest.

        Raises:
            ValueError: they are too many.
        """
        numerator, denominator = self.settings.metre
        length = Fraction(4 * numerator, denominator)
        if count * length > MAX_BEATS:
            raise ValueError(f"Z{count} is longer than {MAX_BEATS:,} beats")
        self._place()
        for number in range(count):
            if number:
                self.bar_line()
            self._advance(length)
        self._ties.pop(self._layer, None)

    def bar_line(self) -> None:
        """Ends a bar, unless it has nothing in it; the accidentals end in either case."""
        self._place()
        self._altered.clear()
        if not self.lengths[self._bar]:
            return
        self._bar, self._offset = self._bar + 1, Fraction(0)
        if self._bar == len(self.lengths):
            self.lengths.append(Fraction(0))
            self._layer = 0

    def overlay(self, bars: int) -> None:
        """What follows sounds together with the last `bars` bars, the one that isn't ended among them.

        Raises:
            ValueError: there aren't as many.
        """
        self._place()
        if bars > self._bar + 1:
            raise ValueError(f"{'&' * min(bars, 10)} goes back beyond the beginning")
        self._bar, self._offset, self._layer = self._bar + 1 - bars, Fraction(0), self._layer + 1
        self._altered.clear()

    def end(self) -> None:
        """Settles the last note; a last bar with nothing in it isn't counted."""
        self._place()
        if len(self.lengths) > 1 and not self.lengths[-1]:
            self.lengths.pop()

    def _place(self) -> None:
        """Gives the held note, chord or rest its place."""
        held, self._held = self._held, None
        if held is None:
            return
        before, ties = self._ties.get(self._layer, []), []
        start, end = (self._bar, self._offset), (self._bar, self._offset + held.length)
        for head, pitch in held.pitches:
            note = next((other for _, other in before if other.pitch == pitch), None)
            if note is None:
                note = Note(pitch, start, end)
                self.notes.append(note)
            else:
                before = [(tied, other) for tied, other in before if other is not note]
                note.end = end
                self.joined += 1
            if head.is_tied:
                ties.append((head, note))
        self._ties[self._layer] = ties
        self._advance(held.length)

    def _advance(self, length: Fraction) -> None:
        self._offset += length
        self.lengths[self._bar] = max(self.lengths[self._bar], self._offset)

    def _pitch(self, head: Head) -> int:
        """The pitch that sounds. An accidental holds to the end of the bar, and as far as its note is tied."""
        letter = head.letter.upper()
        octave = (head.letter != letter) + head.marks.count("'") - head.marks.count(",")
        scope = {"pitch": letter, "octave": (letter, octave), "not": None}[self.settings.propagate]
        if head.accidental:
            altered = self._altered[scope] = ALTERATIONS[head.accidental]
        else:
            tied = (
                note.pitch
                for other, note in self._ties.get(self._layer, [])
                if (other.letter, other.marks) == (head.letter, head.marks)
            )
            if (pitch := next(tied, None)) is not None:
                return pitch
            key = self.settings.key.altered.get(letter, 0)
            altered = key if scope is None else self._altered.get(scope, key)
        return MIDDLE_C + SEMITONES[letter] + 12 * octave + altered + sum(self.settings.shifts.values())
