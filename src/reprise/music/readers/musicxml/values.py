"""What single elements of MusicXML say: numbers, pitches, metres, keys, tempos. Tempos are quarter notes a minute.

A number, duration or pitch that can't be made out is a `ValueError`, since notes would be lost or moved. A metre, key
or tempo that can't is None: the music is there without it.
"""

import re
from fractions import Fraction
from itertools import chain
from xml.etree.ElementTree import Element

from reprise.music.piece import FASTEST_BPM, SLOWEST_BPM
from reprise.music.readers.modes import mode_of

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NAMES = ("long", "breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th")
QUARTERS = {name: Fraction(16, 2**place) for place, name in enumerate(NAMES)}  # that a note of a type lasts
FULL_VELOCITY = 90  # a note's dynamics are percent of it
_NUMBER = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})")


def number(text: str | None, name: str, least: int = -(10**9)) -> Fraction:
    """A decimal number, exactly.

    Raises:
        ValueError: it is none, or below `least`.
    """
    text = (text or "").strip()
    if not _NUMBER.fullmatch(text) or Fraction(text) < least:
        above = f" from {least} on" if least >= 0 else ""
        raise ValueError(f"<{name}> is {text!r}; it must be a number{above}")
    return Fraction(text)


def divisions(element: Element) -> Fraction:
    """How many divisions a quarter note has.

    Raises:
        ValueError: it isn't a number above 0.
    """
    if not (value := number(element.text, "divisions", 0)):
        raise ValueError("<divisions> is 0; it must be above 0")
    return value


def first_divisions(measures: list[Element]) -> Fraction | None:
    """The first good divisions of a quarter note that a part says it has, else what its first plain note tells."""
    told = ((element.text, Fraction(1)) for measure in measures for element in measure.iterfind("attributes/divisions"))
    shown = (
        (note.findtext("duration"), QUARTERS[note.findtext("type", "")] * _dotted(len(note.findall("dot"))))
        for measure in measures
        for note in measure.iterfind("note")
        if note.findtext("type", "") in QUARTERS and note.find("time-modification") is None
    )
    for text, quarters in chain(told, shown):
        if text and _NUMBER.fullmatch(text.strip()) and Fraction(text) > 0:
            return Fraction(text) / quarters
    return None


def midi_pitch(pitch: Element, transposition: Fraction) -> int:
    """The sounding pitch as a MIDI number; quarter tones go to the nearest.

    Raises:
        ValueError: it is none, or outside MIDI's 0-127.
    """
    step, octave = pitch.findtext("step", "").strip(), number(pitch.findtext("octave"), "octave")
    if step not in SEMITONES:
        raise ValueError(f"<step> is {step!r}; it must be one of {', '.join(SEMITONES)}")
    alter = number(pitch.findtext("alter") or "0", "alter")
    if abs(alter) > 3:
        raise ValueError(f"<alter> is {float(alter):g}; it must be -3 to 3 semitones")
    midi = round(12 * (octave + 1) + SEMITONES[step] + alter + transposition)
    if not 0 <= midi <= 127:
        raise ValueError(f"has a pitch outside MIDI's 0-127: {step}{octave}, which sounds as {midi}")
    return midi


def velocity(note: Element, default: int) -> int:
    """A note's velocity of 1-127."""
    dynamics = (note.get("dynamics") or "").strip()
    if not _NUMBER.fullmatch(dynamics):
        return default
    return min(max(round(Fraction(dynamics) * FULL_VELOCITY / 100), 1), 127)


def semitones(transpose: Element) -> Fraction:
    """How far above its written pitch a note sounds."""
    octaves = number(transpose.findtext("octave-change") or "0", "octave-change")
    return number(transpose.findtext("chromatic") or "0", "chromatic") + 12 * octaves


def metre_of(time: Element) -> tuple[int, int] | None:
    """Beats a bar and their note value; those of a compound metre (3+2/8, 2/4 + 3/8) are added up."""
    beats, types = time.findall("beats"), time.findall("beat-type")
    pairs = [((beat.text or "").strip(), (kind.text or "").strip()) for beat, kind in zip(beats, types)]
    if not pairs or not all(
        re.fullmatch(r"\d{1,3}(\s*\+\s*\d{1,3})*", beat) and re.fullmatch(r"\d{1,3}", kind) for beat, kind in pairs
    ):
        return None
    finest = max(int(kind) for _, kind in pairs)
    if not all(int(kind) and finest % int(kind) == 0 for _, kind in pairs):
        return None
    return sum(sum(map(int, beat.split("+"))) * finest // int(kind) for beat, kind in pairs), finest


def sounding_key(key: Element, transposition: Fraction) -> tuple[int, str | None] | None:
    """The key signature and mode of what sounds: a clarinet's D major, two semitones down, is C major."""
    fifths = (key.findtext("fifths") or "").strip()
    if not re.fullmatch(r"[+-]?\d", fifths) or not -7 <= int(fifths) <= 7:
        return None
    sounding = int(fifths) + (round(transposition) * 7 + 5) % 12 - 5  # of two keys that sound alike the nearer one
    sounding = sounding if -7 <= sounding <= 7 else sounding - 12 if sounding > 0 else sounding + 12
    return sounding, mode_of(key.findtext("mode", "").strip())


def quarter_bpm(element: Element) -> float | None:
    """The tempo of a <direction> or <sound>: what it plays, else its metronome mark, of which the first number counts.

    None also for one that a piece can't have.
    """
    sound = element if element.tag == "sound" else element.find("sound")
    if sound is not None and _NUMBER.fullmatch(played := (sound.get("tempo") or "").strip()):
        return _playable(float(played))
    mark = element.find("direction-type/metronome")
    if mark is None or (unit := QUARTERS.get(mark.findtext("beat-unit", "").strip())) is None:
        return None
    written = re.search(_NUMBER, mark.findtext("per-minute") or "")
    return (
        _playable(float(Fraction(written[0]) * unit * _dotted(len(mark.findall("beat-unit-dot"))))) if written else None
    )


def _playable(tempo: float) -> float | None:
    return tempo if SLOWEST_BPM <= tempo <= FASTEST_BPM else None


def _dotted(dots: int) -> Fraction:
    """How many times as long as without its dots a note is."""
    return 2 - Fraction(1, 2**dots)
