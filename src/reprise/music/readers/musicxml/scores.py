"""MusicXML to pieces, read as the format's standard has it (https://www.w3.org/2021/06/musicxml40).

Times are exact fractions of quarter notes. A measure begins at one time in all parts. How notes look (types, dots,
tuplets, accidentals, octave lines) changes nothing that sounds, and isn't read.
"""

import re
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar
from xml.etree.ElementTree import Element

from reprise.errors import ScoreError
from reprise.music.piece import (
    KEYS,
    LEFT_OUT,
    METRES,
    TEMPOS,
    Piece,
    longest_lasting,
    metre_problem,
    note_table,
    problem_of,
)
from reprise.music.readers.defaults import DEFAULT_TEMPO_BPM, PIANO, program_of_name
from reprise.music.readers.musicxml.files import score_in_archive, xml_root
from reprise.music.readers.musicxml.parts import Changes, Note, Part, Place

T = TypeVar("T")

# Durations are rounded to whole divisions: by less than a 64th note, what is meant to be tied may overlap and a measure
# differ from a bar of its metre.
ROUNDING = Fraction(1, 16)


def read_musicxml(content: bytes, source: str) -> Piece:
    """The piece in a MusicXML file.

    Ties are joined. Grace notes, cue notes and unpitched percussion are left out and counted, repeats read as written,
    not played; pitches are those that sound. The staves of one instrument are one part. The metre is the one that lasts
    longest, and onsets count from its bar lines, so that an upbeat begins late in bar 0. Key and tempo are the
    first. Where nothing is written, tempo and velocity are the defaults; a part without a MIDI program other than 1,
    which many programs write whatever the instrument, has that of its name.

    Raises:
        ScoreError: it isn't MusicXML, has no music that a piece can hold, or would lose a note that isn't counted.
    """
    root, changes = xml_root(content, source), Changes()
    left_out: Counter[str] = Counter()
    by_part = _measures(root, source)
    parts = {name: Part(measures, changes, left_out, source) for name, measures in by_part.items()}
    return _piece(root, parts, changes, left_out, source)


def read_compressed_musicxml(content: bytes, source: str) -> Piece:
    """The piece in a compressed MusicXML file, as `read_musicxml` has it."""
    return read_musicxml(score_in_archive(content, source), source)


def _measures(root: Element, source: str) -> dict[str, list[Element]]:
    """The elements that hold each part's notes, one a measure."""
    if root.tag == "score-partwise":
        return {part.get("id", ""): part.findall("measure") for part in root.findall("part")}
    if root.tag != "score-timewise":
        raise ScoreError(f"{source}: holds <{root.tag}>; MusicXML's scores are <score-partwise> or <score-timewise>")
    measures = [{part.get("id", ""): part for part in measure.findall("part")} for measure in root.findall("measure")]
    names = dict.fromkeys(name for measure in measures for name in measure)
    return {name: [measure.get(name, Element("part")) for measure in measures] for name in names}


def _piece(root: Element, parts: dict[str, Part], changes: Changes, left_out: Counter[str], source: str) -> Piece:
    """The parts side by side: their measures aligned, their ties joined, nothing lost."""
    starts = _measure_starts(list(parts.values()), changes.metres)
    metres, keys, tempos = (
        _timed(changes.metres, starts),
        _timed(changes.keys, starts),
        _timed(changes.tempos, starts),
    )
    metre, begins = longest_lasting({Fraction(0): (4, 4)} | metres, starts[-1])
    if problem := metre_problem(metre):
        raise ScoreError(f"{source}: {problem}")
    first = root.find(".//measure")
    is_upbeat = first is not None and first.get("implicit") == "yes"
    shift = -_bar_line(begins, starts, is_upbeat) % Fraction(4 * metre[0], metre[1])
    sounding = {name: _tied(part.notes, starts) for name, part in parts.items() if part.notes}
    _check_count(root, parts, left_out, source)
    left_out.update({TEMPOS: _changed(tempos), METRES: _changed(metres), KEYS: _changed(keys)})
    rows = [
        (float(note.start + shift), float(note.end - note.start), note.pitch, note.velocity, part)
        for part, notes in enumerate(sounding.values())
        for note in notes
    ]
    programs = tuple(_program(root, name, notes) for name, notes in sounding.items())
    fifths, mode = next(iter(keys.values()), (None, None))
    piece = Piece(
        note_table(rows),
        round(next(iter(tempos.values()), DEFAULT_TEMPO_BPM), 6),
        programs,
        metre,
        source,
        fifths,
        mode,
        {kind: left_out[kind] for kind in LEFT_OUT if left_out[kind]},
    )
    if problem := problem_of(piece):
        raise ScoreError(f"{source}: {problem}")
    return piece


def _timed(said: dict[Place, T], starts: list[Fraction]) -> dict[Fraction, T]:
    """What is said, by when it begins to hold."""
    return {starts[measure] + offset: said[measure, offset] for measure, offset in sorted(said)}


def _measure_starts(parts: list[Part], metres: dict[Place, tuple[int, int]]) -> list[Fraction]:
    """Where each measure begins, and where the last one ends.

    It lasts as long as the longest part in which something sounds, or a bar of the metre if one fills it. Where all
    parts rest it lasts as long as their rests, and a bar where none says anything.
    """
    starts, bar = [Fraction(0)], Fraction(4)
    bars = {measure: Fraction(4 * beats, kind) for (measure, _), (beats, kind) in sorted(metres.items())}
    for measure in range(max((len(part.lengths) for part in parts), default=0)):
        bar = bars.get(measure, bar)
        lengths = [part.lengths[measure] for part in parts if measure < len(part.lengths)]
        sounding, resting, filling = (max(length) for length in zip(*lengths))
        length = max(sounding or resting, min(filling, bar)) or bar
        starts.append(starts[-1] + (bar if abs(length - bar) < ROUNDING else length))
    return starts


def _bar_line(begins: Fraction, starts: list[Fraction], is_upbeat: bool) -> Fraction:
    """A place where a bar of the metre that first holds at `begins` begins: after the first one, which may be short."""
    if begins not in starts[:-1]:
        return begins
    following = starts.index(begins) + 1
    return begins if following == len(starts) - 1 and not is_upbeat else starts[following]


def _tied(notes: list[Note], starts: list[Fraction]) -> list[Note]:
    """Notes as they sound, tied ones being one. Now `start` and `end` count from the beginning of the music.

    A tie may leave out some time, as where arpeggios are held or a measure is short. It ends in the next measure at the
    latest, and before the pitch is struck again.
    """
    for note in notes:
        note.start, note.end = note.start + starts[note.measure], note.end + starts[note.measure]
    sounding: list[Note] = []
    waiting: dict[int, list[Note]] = defaultdict(list)
    for note in sorted(notes, key=lambda note: note.start):
        stops, starts_tie = "stop" in note.ties, "start" in note.ties
        tied = [
            before
            for before in waiting[note.pitch]
            if before.end >= note.start - ROUNDING or (stops and note.measure <= before.measure + 1)
        ]
        ended = [before for before in tied if before.end <= note.start + ROUNDING]
        if stops and ended:
            before = min(ended, key=lambda one: (note.start - one.end > ROUNDING, one.voice != note.voice, -one.end))
            before.end, before.voice, before.measure = note.end, note.voice, note.measure
            if not starts_tie:
                tied = [other for other in tied if other is not before]
        else:
            sounding.append(note)
            if starts_tie:
                tied.append(note)
        waiting[note.pitch] = tied
    return sounding


def _check_count(root: Element, parts: dict[str, Part], left_out: Counter[str], source: str) -> None:
    """That every note of the file was taken, or is counted as left out."""
    written = sum(note.find("rest") is None for note in root.iter("note"))
    found = sum(len(part.notes) for part in parts.values()) + left_out.total()
    if written != found:
        raise ScoreError(f"{source}: has {written} notes, of which {found} were read; the others lie where none may")


def _changed(said: dict[Fraction, T]) -> int:
    return sum(one != other for one, other in pairwise(said.values()))


def _program(root: Element, name: str, notes: list[Note]) -> int:
    """The General MIDI program of a part: that of the instrument that most of its notes name, else its first."""
    part = next(
        (part for part in root.iterfind("part-list/score-part") if part.get("id") == name), Element("score-part")
    )
    most, _ = Counter(note.instrument for note in notes).most_common(1)[0]
    written, named = (
        next((one for one in part.findall(tag) if one.get("id") == most), part.find(tag))
        for tag in ("midi-instrument", "score-instrument")
    )
    text = (written.findtext("midi-program") or "").strip() if written is not None else ""
    if re.fullmatch(r"\d{1,3}", text) and 1 < int(text) <= 128:
        return int(text) - 1
    names = (named.findtext("instrument-name") if named is not None else "", part.findtext("part-name"))
    return next((program for name in names if (program := program_of_name(name or "")) is not None), PIANO)
