"""Scores as music21 holds them, to pieces.

Both music21's times and a piece's are quarter notes; music21 keeps exact fractions, so that a triplet is a third of a
beat to the last bit.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import music21
from music21.common.numberTools import opFrac

from reprise.errors import ScoreError
from reprise.music.piece import Piece, longest_lasting, metre_problem, note_table, problem_of
from reprise.music.readers.defaults import CHOIR, DEFAULT_TEMPO_BPM, DEFAULT_VELOCITY, PIANO, VOICES

NOT_PITCHED = (music21.harmony.Harmony, music21.note.Unpitched, music21.percussion.PercussionChord)


@dataclass
class _Sounding:
    """A note of a staff, as far as its ties were followed. Times are exact, in quarter notes."""

    start: float | Fraction
    end: float | Fraction
    pitch: int
    velocity: int
    tie: str | None
    voice: str | int


def piece_from_score(score: music21.stream.Score, source: str) -> Piece:
    """What a score says of its notes; `score` itself isn't changed.

    Ties are joined. Grace notes, chord symbols and unpitched percussion are left out; repeats are read as written, not
    played; pitches are those that sound. The staves of one instrument are one part. The metre is the one that lasts
    longest, and onsets count from its bar lines, so that a pickup begins late in bar 0; other metres are lost. Key
    signature and tempo are the first. Where nothing is written, the tempo is `DEFAULT_TEMPO_BPM`, a velocity
    `DEFAULT_VELOCITY`, a program the choir's for parts called soprano, alto, tenor or bass and else the piano's.

    Raises:
        ScoreError: the score has no music that a piece can hold.
    """
    if any(stream.atSoundingPitch is False for stream in (score, *score.recurse(streamsOnly=True))):
        score = score.toSoundingPitch()
    parts = [(staves[0], [note for staff in staves for note in _sounding(staff)]) for staves in _staves_by_part(score)]
    parts = [(staff, notes) for staff, notes in parts if notes]
    if not parts:
        raise ScoreError(f"{source}: has no notes")
    metre, bar_line = _metre(parts[0][0])
    problem = metre_problem(metre)
    if not problem and any(not 0 <= note.pitch <= 127 for _, notes in parts for note in notes):
        problem = "has a pitch outside MIDI's 0-127"
    if problem:
        raise ScoreError(f"{source}: {problem}")
    shift = -Fraction(bar_line) % Fraction(4 * metre[0], metre[1])
    rows = [
        (float(opFrac(note.start + shift)), float(opFrac(note.end - note.start)), note.pitch, note.velocity, number)
        for number, (_, notes) in enumerate(parts)
        for note in notes
    ]
    programs = tuple(_program(staff) for staff, _ in parts)
    piece = Piece(note_table(rows), _tempo(score), programs, metre, source, _key(score))
    if problem := problem_of(piece):
        raise ScoreError(f"{source}: {problem}")
    return piece


def _staves_by_part(score: music21.stream.Score) -> list[list[music21.stream.Stream]]:
    """The staves of each part: one, but for instruments such as the piano."""
    groups = {}
    for group in score.recurse().getElementsByClass(music21.layout.StaffGroup):
        staves = group.getSpannedElements()
        if all(isinstance(staff, music21.stream.PartStaff) for staff in staves):
            groups |= {id(staff): id(group) for staff in staves}
    parts = {}
    for staff in score.parts or [score]:
        parts.setdefault(groups.get(id(staff), id(staff)), []).append(staff)
    return list(parts.values())


def _sounding(staff: music21.stream.Stream) -> list[_Sounding]:
    """The pitched notes of a staff, those that are tied joined into one."""
    joined, tied = [], {}
    for note in sorted(_written(staff), key=lambda note: note.start):
        waiting = [before for before in tied.get(note.pitch, []) if before.end == note.start]
        if note.tie in ("stop", "continue") and waiting:
            before = next((before for before in waiting if before.voice == note.voice), waiting[0])
            before.end, before.voice = note.end, note.voice
            if note.tie == "stop":
                tied[note.pitch] = [other for other in tied[note.pitch] if other is not before]
        else:
            joined.append(note)
            if note.tie in ("start", "continue"):
                tied.setdefault(note.pitch, []).append(note)
    return joined


def _written(staff: music21.stream.Stream) -> Iterator[_Sounding]:
    """The pitched notes of a staff as they are written, chords taken apart."""
    for measure in list(staff.getElementsByClass(music21.stream.Measure)) or [staff]:
        beginning = 0.0 if measure is staff else measure.offset
        for stream in (measure, *measure.voices):
            offset, voice = (beginning, "1") if stream is measure else (opFrac(beginning + stream.offset), stream.id)
            for element in stream.notes:
                if isinstance(element, NOT_PITCHED) or element.duration.isGrace or element.quarterLength <= 0:
                    continue
                start = opFrac(offset + element.offset)
                end = opFrac(start + element.quarterLength)
                for note in element.notes if element.isChord else (element,):
                    tie = note.tie.type if note.tie is not None else None
                    yield _Sounding(start, end, round(note.pitch.ps), _velocity(element, note), tie, voice)


def _velocity(element: music21.note.NotRest, note: music21.note.Note) -> int:
    for holder in (note, element):
        if holder.hasVolumeInformation() and holder.volume.velocity is not None:
            return min(max(holder.volume.velocity, 1), 127)
    return DEFAULT_VELOCITY


def _metre(staff: music21.stream.Stream) -> tuple[tuple[int, int], float | Fraction]:
    """The metre that lasts longest in a staff, and where one of its bars begins or ends."""
    measures = list(staff.getElementsByClass(music21.stream.Measure))
    signatures = [(measure.offset, measure.timeSignature) for measure in measures] or [
        (signature.offset, signature) for signature in staff.getElementsByClass(music21.meter.TimeSignature)
    ]
    changes = {offset: (sign.numerator, sign.denominator) for offset, sign in signatures if sign is not None}
    metre, begins = longest_lasting({0.0: (4, 4)} | changes, staff.highestTime)
    for measure, following in itertools.pairwise(measures):
        if measure.offset == begins:
            return metre, following.offset
    return metre, opFrac(begins - sum(measure.paddingLeft for measure in measures if measure.offset == begins))


def _tempo(score: music21.stream.Score) -> float:
    speeds = (mark.getQuarterBPM() for mark in score.recurse().getElementsByClass(music21.tempo.MetronomeMark))
    return round(float(next((speed for speed in speeds if speed is not None), DEFAULT_TEMPO_BPM)), 6)


def _key(score: music21.stream.Score) -> int | None:
    signatures = score.recurse().getElementsByClass(music21.key.KeySignature)
    return next((sign.sharps for sign in signatures if sign.sharps is not None and -7 <= sign.sharps <= 7), None)


def _program(staff: music21.stream.Stream) -> int:
    instrument = staff.recurse().getElementsByClass(music21.instrument.Instrument).first()
    if instrument is not None and instrument.midiProgram is not None:
        return min(max(instrument.midiProgram, 0), 127)
    return CHOIR if (getattr(staff, "partName", "") or "").strip(" .0123456789").lower() in VOICES else PIANO
