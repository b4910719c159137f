"""Chord progressions: their text, and the chords in time.

    C F G7 C            each chord lasts a bar
    C:2 F:2 G7 C        or so many beats
    C F | G7 | C        with bar lines, the chords of a bar share it equally
    Dm:3 G7 | C         or share what those with beats leave of it

The progression is repeated as long as the music lasts. A beat is that of the metre, a dotted one in 6/8. Times are in
twelfths of a quarter note, as in the encoding.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate

from reprise.composition.encoding.notes_vocabulary import bar_length
from reprise.composition.sampling.chords.symbols import LONGEST_SHOWN, Chord, is_numeral, read_chord
from reprise.composition.sampling.endings.closing import beat_of
from reprise.errors import BadInput
from reprise.music.analysis.keyfinding import MODES, Key, find_key
from reprise.music.piece import Piece
from reprise.music.timegrid import TWELFTHS

MOST_CHORDS = 64
MOST_BEATS = 64  # of a chord
ANY_KEY = Key(0, MODES[0])  # to tell whether a symbol is a chord at all

_BEATS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Entry:
    """A chord as it was written: its symbol, its number from 1, and its beats, None where none are given."""

    symbol: str
    number: int
    beats: Fraction | None

    @property
    def name(self) -> str:
        """What errors call it."""
        return f"chord {self.number} ('{self.symbol[:LONGEST_SHOWN]}')"


def parse_chords(text: str) -> tuple[list[list[Entry]], bool]:
    """The chords of a text, bar by bar, and whether it has bar lines; all in one list where it has none.

    Raises:
        BadInput: there are none, or too many, or one of them is wrong; the message names it.
    """
    bars, number = [list[Entry]()], 0
    for word in text.replace("|", " | ").split():
        if word == "|":
            bars.append([])
            continue
        number += 1
        bars[-1].append(_entry(word, number))
    if not number:
        raise BadInput("chords: is empty; it must be some chords, such as 'C F G7 C' or 'I IV V7 I'")
    if number > MOST_CHORDS:
        raise BadInput(f"chords: are {number}; they must be at most {MOST_CHORDS}")
    if len(bars) == 1:
        return bars, False
    inner = bars[not bars[0] : len(bars) - (not bars[-1])]  # a line may stand before the first bar, and after the last
    for place, bar in enumerate(inner, 1):
        if not bar:
            raise BadInput(f"chords: bar {place} is empty; write its chord again, such as 'C | C | G7'")
    return inner, True


def _entry(word: str, number: int) -> Entry:
    symbol, colon, written = word.partition(":")
    entry = Entry(symbol, number, None)
    try:
        read_chord(symbol, ANY_KEY)
    except BadInput as error:
        raise BadInput(f"chords: chord {number}: {error}") from None
    if not colon:
        return entry
    beats = Fraction(written) if _BEATS.fullmatch(written) else Fraction(0)
    if not 0 < beats <= MOST_BEATS:
        right = f"a number of beats above 0, at most {MOST_BEATS}, such as {symbol}:2"
        raise BadInput(f"chords: {entry.name} lasts '{written[:LONGEST_SHOWN]}'; it must be {right}")
    return Entry(symbol, number, beats)


@dataclass(frozen=True)
class Progression:
    """Chords in time, again and again.

    Attributes:
        chords: in their order. lengths: how long each lasts. begins: when the first one does, on a bar line.
        bar, beat: the length of a bar and of a beat, which are counted from 0. home: the key that they are in, None
        where none is known.
    """

    chords: tuple[Chord, ...]
    lengths: tuple[int, ...]
    begins: int
    bar: int
    beat: int
    home: Key | None

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return tuple(accumulate(self.lengths[:-1], initial=0))

    @property
    def length(self) -> int:
        """How long all of them last once."""
        return sum(self.lengths)

    @property
    def bars(self) -> int:
        """Bars until all of them have come once, what lies before them included; a begun one counts whole."""
        return -(-(self.begins + self.length) // self.bar)

    def place(self, onset: int) -> tuple[int, int]:
        """Which chord holds at a time, and for how long it does by then; -1 and the time still to go, below 0, before
        the first one.
        """
        if onset < self.begins:
            return -1, onset - self.begins
        within = (onset - self.begins) % self.length
        number = bisect_right(self._starts, within) - 1
        return number, within - self._starts[number]

    def next_chord(self, onset: int) -> int:
        """When the next chord begins, after a time."""
        number, since = self.place(onset)
        return self.begins if number < 0 else onset - since + self.lengths[number]

    def next_firm(self, onset: int) -> int:
        """When the chord counts next, after a time: on the next beat, or where a chord begins."""
        beat = onset - onset % self.beat + self.beat
        return min(self.next_chord(onset), max(beat, self.begins))

    def firm(self, onset: int) -> bool:
        """Whether the chord counts at a time: on a beat, or where a chord begins."""
        number, since = self.place(onset)
        return number >= 0 and (since == 0 or onset % self.beat == 0)

    def beginnings(self, until: int) -> Iterator[tuple[int, Chord]]:
        """When each chord begins, and which one, before a time."""
        onset = self.begins
        while onset < until:
            number, _ = self.place(onset)
            yield onset, self.chords[number]
            onset += self.lengths[number]


def progression(text: str, metre: tuple[int, int], home: Key | None, begins: int = 0) -> Progression:
    """The chords of a text in a metre and a key.

    Args:
        begins: when what comes before them ends; they begin with the next bar.

    Raises:
        BadInput: the text is wrong, a numeral has no key, or the chords don't go into the bars; the message names them.
    """
    written, barred = parse_chords(text)
    bar, beat = bar_length(metre), round(beat_of(metre) * TWELFTHS)
    entries = [entry for own in written for entry in own]
    for entry in entries:
        if home is None and is_numeral(entry.symbol):
            raise BadInput(
                f"chords: {entry.name} is a numeral, but no key is known that it counts in; give the key too "
                "(--key 'C major'), or write symbols such as C or F#m"
            )
    if barred:
        lengths = [length for place, own in enumerate(written, 1) for length in _shares(own, place, bar, beat)]
    else:
        lengths = [_length(entry, entry.beats, bar, beat) for entry in entries]
    chords = tuple(read_chord(entry.symbol, home or ANY_KEY) for entry in entries)
    return Progression(chords, tuple(lengths), -(-begins // bar) * bar, bar, beat, home)


def _shares(entries: list[Entry], place: int, bar: int, beat: int) -> list[int]:
    """How long the chords of one bar last."""
    beats, given = Fraction(bar, beat), sum((entry.beats or Fraction(0) for entry in entries), Fraction(0))
    sharing = sum(entry.beats is None for entry in entries)
    if given > beats or (sharing and given == beats) or (not sharing and given != beats):
        has = f"has {float(beats):g} beats, but its chords have {float(given):g}"
        rest = ", and others are to share the rest" if sharing else ""
        raise BadInput(f"chords: bar {place} {has}{rest}; they must fill the bar")
    share = (beats - given) / max(sharing, 1)
    return [_length(entry, share if entry.beats is None else entry.beats, bar, beat) for entry in entries]


def _length(entry: Entry, beats: Fraction | None, bar: int, beat: int) -> int:
    """In twelfths of a quarter note; a bar where no beats are given."""
    length = Fraction(bar) if beats is None else beats * beat
    if length.denominator != 1:
        right = f"a multiple of 1/{beat} beat, such as {entry.symbol[:LONGEST_SHOWN]}:2"
        raise BadInput(f"chords: {entry.name} would last {float(length / beat):.4g} beats; it must be {right}")
    return int(length)


def home_of_opening(opening: Piece) -> Key | None:
    """The key of a piece that music continues: the one that it is written in, else the one that it seems to be in."""
    if opening.key_fifths is not None and opening.key_mode in MODES:
        return Key((opening.key_fifths * 7 + (9 if opening.key_mode == "minor" else 0)) % 12, opening.key_mode)
    return find_key(opening)
