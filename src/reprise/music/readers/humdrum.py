"""Humdrum **kern to pieces.

A Humdrum file is a table. A column is a spine, a line of data one moment of the music: what begins then, or "." where a
spine holds on. A spine may split (`*^`), and so may what it split into; they merge again (`*v`), change places (`*x`),
end (`*-`) and begin (`*+`). Spines of other kinds than **kern hold no notes. Times are exact, in quarter notes.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction

from music21.humdrum.instruments import HumdrumInstrumentException, fromHumdrumInstrument

from reprise.errors import ScoreError
from reprise.music.piece import (
    FASTEST_BPM,
    GRACE,
    KEYS,
    METRES,
    NO_LENGTH,
    SLOWEST_BPM,
    TEMPOS,
    UNPITCHED,
    Piece,
    longest_lasting,
    metre_problem,
    note_table,
    problem_of,
)
from reprise.music.readers.defaults import DEFAULT_TEMPO_BPM, DEFAULT_VELOCITY, PIANO, program_of_name
from reprise.music.readers.modes import mode_of

KERN = "**kern"
SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
FAR = 2  # marks of a tie that leaps over time, such as from an arpeggio into its chord
LETTERS = re.compile(r"([a-gA-G])\1*")
LENGTH = re.compile(r"(\d+)(?:%(\d+))?")
NOTE_LINE = re.compile(r"(?![!*=])(?:.*[\t ])?(?=[^\t ]*[\dqQ])[^\t ]*[a-gA-G]")  # a note has a letter and a length


@dataclass(eq=False)
class _Note:
    start: Fraction
    end: Fraction
    pitch: int
    tied: int  # marks of a tie to a note before, which ends where this one begins, or earlier if the marks are two
    tied_on: int  # and to one after
    tokens: int = 1  # of the file that are joined in it


@dataclass(eq=False)
class _Spine:
    kind: str = ""
    notes: list[_Note] = field(default_factory=list)
    metres: dict[Fraction, tuple[int, int]] = field(default_factory=dict)  # by the time when it is said, as the others
    keys: dict[Fraction, int] = field(default_factory=dict)
    modes: dict[Fraction, str] = field(default_factory=dict)  # said of keys beside their signatures
    tempos: dict[Fraction, float] = field(default_factory=dict)
    instrument: str = ""  # as its code says
    name: str = ""
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(eq=False)
class _Column:
    """A spine, or one of those into which it has split."""

    spine: _Spine
    end: Fraction = Fraction()  # of its latest note or rest


def read_humdrum(text: str, source: str) -> Piece:
    """What the **kern spines of a file say of their notes.

    Each spine is a part, the rightmost first, as in a printed score. Pitches are those that sound, which is what **kern
    holds also for transposing instruments. Ties are joined, within a spine also from one of its columns to another.
    Grace notes, unpitched notes and notes without a length are left out and counted; repeats are read as written. The
    metre is the one that lasts longest, and onsets count from its bar lines, so that a pickup begins late in bar 0. Key
    signature and tempo are the first; the mode is that of a key named where the signature is. A spine without an
    instrument is a piano, but for a choir's voices. Reference records, and whatever follows the last note, say nothing.

    Raises:
        ScoreError: the file isn't a table of spines, has no music that a piece can hold, its columns disagree about the
            time, or the notes built aren't as many as those written.
    """
    spines, bar_lines, written = _walk(text, source)
    left_out = sum((spine.left_out for spine in spines), Counter())
    parts = [spine for spine in reversed(spines) if spine.notes]
    for spine in parts:
        spine.notes = _joined(spine.notes)
    built = sum(note.tokens for spine in parts for note in spine.notes) + left_out.total()
    if built != written:
        raise ScoreError(f"{source}: has {written:,} notes in its {KERN} spines, of which {built:,} could be read")
    if not parts:
        raise ScoreError(f"{source}: has no notes")
    metres = next((spine.metres for spine in parts if spine.metres), {})
    keys = next((spine.keys for spine in parts if spine.keys), {})
    modes = next((spine.modes for spine in parts if spine.modes), {})
    tempos = next((spine.tempos for spine in parts if spine.tempos), {})
    metre, begins = longest_lasting(
        {Fraction(): (4, 4)} | metres, max(note.end for part in parts for note in part.notes)
    )
    if problem := metre_problem(metre):
        raise ScoreError(f"{source}: {problem}")
    bar_line = next((time for time in bar_lines if time > begins), begins)
    shift = -bar_line % Fraction(4 * metre[0], metre[1])
    rows = [
        (float(note.start + shift), float(note.end - note.start), note.pitch, DEFAULT_VELOCITY, number)
        for number, spine in enumerate(parts)
        for note in spine.notes
    ]
    left_out |= {METRES: _changes(metres), KEYS: _changes(keys), TEMPOS: _changes(tempos)}
    piece = Piece(
        note_table(rows),
        next(iter(tempos.values()), DEFAULT_TEMPO_BPM),
        tuple(map(_program, parts)),
        metre,
        source,
        next(iter(keys.values()), None),
        next(map(modes.get, keys), None),
        dict(left_out),
    )
    if problem := problem_of(piece):
        raise ScoreError(f"{source}: {problem}")
    return piece


def _walk(text: str, source: str) -> tuple[list[_Spine], list[Fraction], int]:
    """The **kern spines of a file from left to right, the times of its bar lines, and how many notes are written."""
    spines: list[_Spine] = []
    bar_lines: list[Fraction] = []
    waiting: list[list[tuple[_Column, str]]] = []  # lines of bar lines and interpretations, until the next notes
    written, time = 0, Fraction(-1)
    for number, tokens, columns in _lines(text, spines, source):
        where = f"{source}: line {number}"
        kern = [(column, token) for column, token in zip(columns, tokens) if column.spine.kind == KERN]
        marks = {token[0] if token[0] in "*=" else "" for _, token in kern if token != "."}
        if len(marks) > 1:
            raise ScoreError(
                f"{where}: holds more than one of notes, bar lines and interpretations; a line is of one kind"
            )
        if marks != {""}:
            waiting.append(kern)
            continue
        written += sum(note != "." and "r" not in note for _, token in kern for note in token.split())
        if ends := {column.end for column, token in kern if _length(token)}:
            times = {end for end in ends if end > time} or {max(ends), time}
            if len(times) > 1:
                raise ScoreError(f"{where}: its spines come to it at beats {' and '.join(map(str, sorted(times)))}")
            (time,) = times
            bar_lines += [time for said in waiting if said and said[0][1].startswith("=")]
            for column, token in itertools.chain(*waiting):
                _interpret(token, column.spine, time)
            waiting = []
        for column, token in kern:
            _take(token, column, time, where)
    return [spine for spine in spines if spine.kind == KERN], bar_lines, written


def _lines(text: str, spines: list[_Spine], source: str) -> Iterator[tuple[int, list[str], list[_Column]]]:
    """The lines of a file up to the last with a note, but for comments: number, tokens, and the column of each token.

    `spines` gets the spines in their order.
    """
    columns = None
    lines = text.split("\n")
    while lines and not NOTE_LINE.match(lines[-1]):
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("!"):
            continue
        tokens = [token.strip() for token in line.split("\t") if token.strip()]
        if columns is None and line.startswith("**"):
            columns = [_Column(_Spine()) for _ in tokens]
            spines += [column.spine for column in columns]
        if not columns:
            if columns == [] and not line.startswith("**"):
                continue  # words below the music
            what = (
                "names no spines before its first token"
                if columns is None
                else "begins another score; give each a file of its own"
            )
            raise ScoreError(f"{source}: line {number}: {what}")
        if len(tokens) != len(columns):
            raise ScoreError(f"{source}: line {number}: has {len(tokens)} tokens for {len(columns)} spines")
        yield number, tokens, columns
        if line.startswith("*"):
            columns = _paths(tokens, columns, spines)


def _paths(tokens: list[str], columns: list[_Column], spines: list[_Spine]) -> list[_Column]:
    """The columns after a line of interpretations."""
    after, exchanged = [], []
    for is_merged, run in itertools.groupby(zip(tokens, columns), lambda pair: pair[0] == "*v"):
        if is_merged:
            after += _merged([column for _, column in run])
            continue
        for token, column in run:
            if token.startswith("**"):
                column.spine.kind = token
            if token == "*-":
                continue
            if token == "*x":
                exchanged.append(len(after))
            after.append(column)
            if token == "*^":
                after.append(_Column(column.spine, column.end))
            elif token == "*+":
                after.append(_Column(_Spine(), column.end))
                spines.insert(spines.index(column.spine) + 1, after[-1].spine)
    for one, other in zip(exchanged[::2], exchanged[1::2]):
        after[one], after[other] = after[other], after[one]
    return after


def _merged(columns: list[_Column]) -> list[_Column]:
    """Neighbours that merge: those of each spine, or all into the first's if a spine has but one of them."""
    groups = [list(group) for _, group in itertools.groupby(columns, lambda column: column.spine)]
    if any(len(group) == 1 for group in groups):
        groups = [columns]
    return [_Column(group[0].spine, max(column.end for column in group)) for group in groups]


def _take(token: str, column: _Column, time: Fraction, where: str) -> None:
    """Put the notes of a token into its spine, or count them as left out."""
    spine, length = column.spine, _length(token)
    for written in token.split():
        if written == "." or "r" in written:
            continue
        pitches, its_length = list({found[0] for found in LETTERS.finditer(written)}), _length(written) or length
        if len(pitches) > 1:
            raise ScoreError(f"{where}: a note has one pitch; {written[:40]!r} has {len(pitches)}")
        if "q" in written.lower():
            spine.left_out[GRACE] += 1
        elif "R" in written or not pitches:
            spine.left_out[UNPITCHED] += 1
        elif not its_length:
            spine.left_out[NO_LENGTH] += 1
        else:
            tied, tied_on = (written.count(mark) + written.count("_") for mark in "][")
            spine.notes.append(_Note(time, time + its_length, _midi(pitches[0], written), tied, tied_on))
    if length:
        column.end = time + length


def _length(token: str) -> Fraction:
    """How long a token lasts: as its first note or rest that has a length; 0 for grace notes and null tokens."""
    for written in token.split():
        found = LENGTH.search(written)
        if found and "q" not in written.lower():
            number, wholes = found[1], int(found[2] or 1)
            whole = Fraction(2 ** len(number)) if not int(number) else Fraction(1, int(number))
            return 4 * wholes * whole * (2 - Fraction(1, 2 ** written.count(".")))
    return Fraction()


def _midi(letters: str, written: str) -> int:
    """The pitch of a note's letters (c is middle C, cc above it, C below it) and accidentals, which may stand apart."""
    octaves = len(letters) - 1 if letters.islower() else -len(letters)
    return 60 + 12 * octaves + SEMITONES[letters[0].lower()] + written.count("#") - written.count("-")


def _joined(notes: list[_Note]) -> list[_Note]:
    """The notes of a spine, those that are tied joined into one."""
    joined: list[_Note] = []
    ending: dict[tuple[int, Fraction], list[_Note]] = {}  # notes with a tie
    far: dict[int, _Note] = {}  # the latest of each pitch with a far one
    for note in sorted(notes, key=lambda note: note.start):
        before = None
        if held := note.tied and ending.get((note.pitch, note.start)):
            before = held.pop(0)
        elif note.tied == FAR and note.pitch in far and far[note.pitch].end < note.start:
            before = far[note.pitch]
        if before is None:
            before = note
            joined.append(note)
        else:
            before.end, before.tokens = note.end, before.tokens + 1
            if far.get(note.pitch) is before:
                del far[note.pitch]
        if note.tied_on:
            ending.setdefault((note.pitch, note.end), []).append(before)
        if note.tied_on == FAR:
            far[note.pitch] = before
    return joined


def _interpret(token: str, spine: _Spine, time: Fraction) -> None:
    """Take what an interpretation says of metre, key, tempo or instrument."""
    if found := re.fullmatch(r"\*M(\d{1,3})/(\d{1,3})", token):
        beats, value = int(found[1]), found[2]
        spine.metres[time] = (beats, int(value)) if int(value) else (beats * 2 ** len(value), 1)
    elif found := re.fullmatch(r"\*k\[(.*)\]", token):
        fifths = found[1].count("#") - found[1].count("-")
        if -7 <= fifths <= 7:
            spine.keys[time] = fifths
    elif found := re.fullmatch(r"\*([a-gA-G])[#-]*:(.*)", token):
        spine.modes[time] = mode_of(found[2]) or ("minor" if found[1].islower() else "major")
    elif found := re.fullmatch(r"\*MM(\d{1,5}(?:\.\d{1,9})?)", token):
        if SLOWEST_BPM <= float(found[1]) <= FASTEST_BPM:
            spine.tempos[time] = round(float(found[1]), 6)
    elif token.startswith('*I"'):
        spine.name = spine.name or token[3:]
    elif token.startswith("*I") and not spine.instrument:
        with suppress(HumdrumInstrumentException):  # a class of instruments, a transposition, an abbreviation
            spine.instrument = fromHumdrumInstrument(token[2:]).instrumentName


def _program(spine: _Spine) -> int:
    """The General MIDI program of a spine: its instrument's, or else that of the instrument that it is named after."""
    known = map(program_of_name, (spine.instrument, spine.name))
    return next((program for program in known if program is not None), PIANO)


def _changes(said: Mapping[Fraction, object]) -> int:
    """How often a value follows another one."""
    return sum(one != other for one, other in itertools.pairwise(said.values()))
