"""Pieces to MusicXML by way of music21.

Both music21's times and a piece's are quarter notes.
"""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from xml.etree import ElementTree

import music21
import soundfile  # noqa: F401
from music21.common.types import StepName
from music21.musicxml.m21ToXml import ScoreExporter

from reprise.errors import ScoreError
from reprise.music.analysis.keyfinding import find_key
from reprise.music.piece import Piece, problem_of
from reprise.music.writers.engraving import Symbol, engrave

# pretty_midi, which has the names of the programs, loads FluidSynth: soundfile goes before it, and what it prints where
# CI is set doesn't belong among results on stdout. reprise.audio.fluidsynth says more.
with redirect_stdout(sys.stderr):
    from reprise.music.parts import part_names

# Note heads by twice the steps of 1/24 beat that they last without a dot.
NOTE_TYPES = {3: "64th", 6: "32nd", 12: "16th", 24: "eighth", 48: "quarter", 96: "half", 192: "whole", 384: "breve"}
LINE_OF_FIFTHS: tuple[StepName, ...] = ("F", "C", "G", "D", "A", "E", "B")


def musicxml_bytes(piece: Piece) -> bytes:
    """The piece as MusicXML for MuseScore and other notation programs; its bytes depend on the music and its titles.

    Times go to the nearest 1/8 or 1/12 beat. Notes are written as long as they last: over bar lines with ties, in
    tuplets where a beat needs them, in several voices where they overlap. Velocities are left out. A piece without a
    key signature gets that of the key that is found in its notes; a mode is written only where the piece has one. Parts
    are called as `part_names` says.

    Raises:
        ScoreError: the piece can't be written, such as one without notes.
    """
    if problem := problem_of(piece):
        raise ScoreError(f"{piece.source or 'piece'}: {problem}")
    fifths = _likely_fifths(piece) if piece.key_fifths is None else piece.key_fifths
    engraving, score, names = engrave(piece), music21.stream.Score(), part_names(piece)
    with redirect_stderr(io.StringIO()):  # music21 tells there of beams that it isn't sure of
        for number, voices_by_measure in enumerate(engraving.parts):
            measures = [_measure(voices, fifths) for voices in voices_by_measure]
            for index, measure in enumerate(measures):
                measure.number = index + (engraving.measures[0][0] == 0)
            score.insert(0, _part(piece, number, names[number], measures, fifths))
    return _xml(score, piece)


def _part(
    piece: Piece, number: int, name: str, measures: list[music21.stream.Measure], fifths: int
) -> music21.stream.Part:
    """Part `number` of the piece with its measures, and all that stands before their first note."""
    part, head = music21.stream.Part(id=f"P{number + 1}"), measures[0]
    pitches = piece.notes["pitch"][piece.notes["part"] == number]
    head.insert(0, music21.clef.BassClef() if len(pitches) and pitches.mean() < 60 else music21.clef.TrebleClef())
    signature = music21.key.KeySignature(fifths)
    head.insert(0, signature if piece.key_mode is None else signature.asKey(piece.key_mode))
    head.insert(0, music21.meter.TimeSignature("{}/{}".format(*piece.metre)))
    if head.number == 0:
        head.paddingLeft = piece.bar_beats - head.highestTime
        head.showNumber = music21.stream.enums.ShowNumber.NEVER
    if number == 0:
        head.insert(0, music21.tempo.MetronomeMark(number=round(piece.tempo_bpm, 2)))
    measures[-1].rightBarline = "final"
    part.insert(0, _instrument(piece.programs[number], number, name))
    part.append(measures)
    music21.stream.makeNotation.makeAccidentalsInMeasureStream(part)
    music21.stream.makeNotation.makeBeams(part, inPlace=True)
    return part


def _xml(score: music21.stream.Score, piece: Piece) -> bytes:
    """The score as a MusicXML file with the piece's titles, without what music21 says of itself and of the day.

    The subtitle is where notation programs look for the composer, and print smaller, beside the title: of its many
    places for titles they print one.
    """
    exporter = ScoreExporter(score, makeNotation=False)
    root = exporter.parse()
    for name in ("work", "movement-title", "identification", "defaults"):
        for element in root.findall(name):
            root.remove(element)
    for around, name, text, kind in (
        ("identification", "creator", piece.subtitle, {"type": "composer"}),
        ("work", "work-title", piece.title, {}),
    ):
        if text:
            outer = ElementTree.Element(around)
            # XML has no place for control characters, nor UTF-8 for the odd bytes of a file's name.
            ElementTree.SubElement(outer, name, kind).text = "".join(c if c.isprintable() else "?" for c in text)
            root.insert(0, outer)
    ElementTree.indent(root, " ")
    return exporter.xmlHeader() + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def _instrument(program: int, number: int, name: str) -> music21.instrument.Instrument:
    """The General MIDI instrument of part `number`, which is called `name` and sounds as written."""
    instrument = music21.instrument.Instrument("")  # any name would count for more than some programs when read again
    instrument.partName, instrument.midiProgram = name, program
    instrument.midiChannel = number % 15 + (number % 15 >= 9)
    instrument.partId, instrument.instrumentId = f"P{number + 1}", f"P{number + 1}-I1"
    return instrument


def _measure(voices: list[list[Symbol]], fifths: int) -> music21.stream.Measure:
    """A measure of one staff, from what `Engraving.parts` has for it."""
    measure = music21.stream.Measure()
    for number, symbols in enumerate(voices):
        if not symbols:
            continue
        elements = [_element(symbol, fifths) for symbol in symbols]
        if not any(voices[1:]):
            measure.append(elements)
            continue
        for element in elements:
            element.style.hideObjectOnPrint = number > 0 and element.isRest
        voice = music21.stream.Voice(id=str(number + 1))
        voice.append(elements)
        measure.insert(0, voice)
    return measure


def _element(symbol: Symbol, fifths: int) -> music21.note.GeneralNote:
    """A symbol as music21's rest, note or chord."""
    duration = _duration(symbol)
    if not symbol.notes:
        return music21.note.Rest(duration=duration)
    notes = []
    for written in symbol.notes:
        note = music21.note.Note(_spelled(written.pitch, fifths), duration=duration)
        before, after = written.start < symbol.start, written.end > symbol.end
        if before or after:
            note.tie = music21.tie.Tie("continue" if before and after else "stop" if before else "start")
        notes.append(note)
    return notes[0] if len(notes) == 1 else music21.chord.Chord(notes, duration=duration)


def _duration(symbol: Symbol) -> music21.duration.Duration:
    """The note head, dot and tuplet of a symbol."""
    twice = (symbol.end - symbol.start) * (3 if symbol.tuplet else 2)
    dots = int(twice not in NOTE_TYPES)
    duration = music21.duration.Duration(type=NOTE_TYPES[twice * 2 // 3 if dots else twice], dots=dots)
    if symbol.tuplet:
        part_type = NOTE_TYPES[3 * (symbol.tuplet_end - symbol.tuplet_start) // symbol.tuplet]
        tuplet = music21.duration.Tuplet(symbol.tuplet, symbol.tuplet * 2 // 3, part_type)
        is_first, is_last = symbol.start == symbol.tuplet_start, symbol.end == symbol.tuplet_end
        tuplet.type = "start" if is_first else "stop" if is_last else None
        duration.appendTuplet(tuplet)
    return duration


def _spelled(pitch: int, fifths: int) -> music21.pitch.Pitch:
    """A pitch by its name in the key: of twelve neighbours on the line of fifths, from three flatwards of the tonic."""
    place = (pitch * 7 - (fifths - 3)) % 12 + fifths - 3  # C is 0, G is 1, F is -1
    step, alter = LINE_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7
    natural = music21.pitch.Pitch(step=step).pitchClass
    return music21.pitch.Pitch(step=step, accidental=alter or None, octave=(pitch - alter - natural) // 12 - 1)


def _likely_fifths(piece: Piece) -> int:
    """The key signature of the key that the piece is in, as far as its notes tell."""
    key = find_key(piece)
    return key.fifths if key else 0
