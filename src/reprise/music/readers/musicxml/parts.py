"""A part of a MusicXML score: its notes as they are written, and how long its measures are.

In a measure a cursor says where the next note begins; notes, <backup> and <forward> move it by durations, which count
in the divisions of a quarter note that hold. Times are exact fractions of quarter notes.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple
from xml.etree.ElementTree import Element

from reprise.errors import ScoreError
from reprise.music.piece import CUES, GRACE, NO_LENGTH, UNPITCHED
from reprise.music.readers.defaults import DEFAULT_VELOCITY
from reprise.music.readers.musicxml.values import (
    divisions,
    first_divisions,
    metre_of,
    midi_pitch,
    number,
    quarter_bpm,
    semitones,
    sounding_key,
    velocity,
)

Place = tuple[int, Fraction]  # a measure, from 0, and the quarter notes since it began


class Changes:
    """Metres, keys and tempos by the place from which they hold; where parts disagree, the first one's word counts."""

    def __init__(self) -> None:
        self.metres: dict[Place, tuple[int, int]] = {}
        self.keys: dict[Place, tuple[int, str | None]] = {}  # fifths and mode
        self.tempos: dict[Place, float] = {}


@dataclass(slots=True)
class Note:
    """A pitched note; `start` and `end` count from the beginning of its measure."""

    measure: int
    start: Fraction
    end: Fraction
    pitch: int
    velocity: int
    ties: set[str | None]
    voice: str
    instrument: str | None


class Length(NamedTuple):
    """How long a measure of a part is, by what can say it. Programs get the lengths of silence wrong.

    Attributes:
        sounding: all that is printed, up to the end of the last note or rest; 0 if nothing sounds.
        resting: the same if nothing sounds, else 0.
        filling: with <forward>, cue notes and rests that aren't printed or stand for the measure. 0 for an upbeat in
            which nothing sounds.
    """

    sounding: Fraction
    resting: Fraction
    filling: Fraction


class Part:
    """A part's notes as they are written, and the lengths of its measures."""

    def __init__(self, measures: list[Element], changes: Changes, left_out: Counter[str], source: str) -> None:
        """Read `measures`, the elements that hold the part's notes; `changes` and `left_out` take what else they say.

        Raises:
            ScoreError: something that notes depend on can't be made out.
        """
        self.notes: list[Note] = []
        self.lengths: list[Length] = []
        self._changes, self._left_out = changes, left_out
        self._transpositions: dict[str | None, Fraction] = {}  # semitones by staff; None is every other
        self._divisions = first_divisions(measures)
        for measure in measures:
            try:
                self.lengths.append(self._walk(measure))
            except ValueError as error:
                where = f"measure {measure.get('number', len(self.lengths) + 1)}"
                raise ScoreError(f"{source}: {where}: {error}") from error

    def _walk(self, measure: Element) -> Length:
        """Read a measure, and return its length.

        What <backup> makes of the cursor is taken as it is while nothing stands there: some programs go back by too
        much, and then forward.
        """
        cursor = onset = printed = filled = Fraction(0)
        sounds = False
        for element in measure:
            if element.tag == "note":
                parts = {child.tag: child for child in element}
                is_grace, only_fills = "grace" in parts, _only_fills(element, parts)
                duration = Fraction(0) if is_grace else self._duration(element)
                if "chord" not in parts and not is_grace:
                    onset = cursor if only_fills else max(cursor, Fraction(0))
                    cursor = onset + duration
                    printed = printed if only_fills else max(printed, cursor)
                if "rest" not in parts:
                    self._take(element, parts, onset, duration)
                    sounds = sounds or not (only_fills or is_grace)
            elif element.tag == "backup":
                cursor -= self._duration(element)
            elif element.tag == "forward":
                cursor += self._duration(element)
            elif element.tag == "attributes":
                self._attributes(element, (len(self.lengths), max(cursor, Fraction(0))))
            elif element.tag in ("direction", "sound") and (tempo := quarter_bpm(element)):
                self._changes.tempos.setdefault((len(self.lengths), max(cursor, Fraction(0))), tempo)
            filled = max(filled, cursor)
        if sounds:
            return Length(printed, Fraction(0), filled)
        if measure.get("implicit") == "yes":
            return Length(Fraction(0), printed or filled, Fraction(0))
        return Length(Fraction(0), printed, filled)

    def _take(self, element: Element, parts: dict[str, Element], onset: Fraction, duration: Fraction) -> None:
        """Take a note, or count it as left out."""
        if "pitch" not in parts and "unpitched" not in parts:
            raise ValueError("a note has neither <pitch> nor <unpitched> nor <rest>")
        why = {GRACE: "grace" in parts, CUES: "cue" in parts, UNPITCHED: "pitch" not in parts, NO_LENGTH: duration <= 0}
        if kind := next((kind for kind, holds in why.items() if holds), None):
            self._left_out[kind] += 1
            return
        every = self._transpositions.get(None, Fraction(0))
        transposition = self._transpositions.get(element.findtext("staff", "1").strip(), every)
        self.notes.append(
            Note(
                measure=len(self.lengths),
                start=onset,
                end=onset + duration,
                pitch=midi_pitch(parts["pitch"], transposition),
                velocity=velocity(element, DEFAULT_VELOCITY),
                ties={tie.get("type") for tie in element.iterfind("tie")} if "tie" in parts else set(),
                voice=element.findtext("voice", ""),
                instrument=parts["instrument"].get("id") if "instrument" in parts else None,
            )
        )

    def _duration(self, element: Element) -> Fraction:
        """What an element says it lasts, in quarter notes; 0 where it says nothing."""
        if (text := element.findtext("duration")) is None:
            return Fraction(0)
        if self._divisions is None:
            raise ValueError("has durations, but its part doesn't say of what: <divisions> is missing")
        return number(text, "duration") / self._divisions

    def _attributes(self, element: Element, place: Place) -> None:
        if (said := element.find("divisions")) is not None:
            self._divisions = divisions(said)
        for transpose in element.iterfind("transpose"):
            if transpose.get("number") is None:
                self._transpositions.clear()
            self._transpositions[transpose.get("number")] = semitones(transpose)
        for key in element.iterfind("key"):
            every = self._transpositions.get(None, Fraction(0))
            sounding = sounding_key(key, self._transpositions.get(key.get("number", "1"), every))
            if sounding is not None:
                self._changes.keys.setdefault(place, sounding)
        for time in element.iterfind("time"):
            if (metre := metre_of(time)) is not None:
                self._changes.metres.setdefault(place, metre)


def _only_fills(note: Element, parts: dict[str, Element]) -> bool:
    """Whether a note is silent and unseen, or stands for its measure."""
    if "rest" not in parts:
        return "cue" in parts
    return note.get("print-object") == "no" or parts["rest"].get("measure") == "yes"
