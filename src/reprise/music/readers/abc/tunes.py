"""ABC: a book to its tunes, and a tune to a piece.

A tune goes from its X: field to an empty line; what stands between tunes is text. Fields before the first tune hold for
all of them. Times are exact, in quarter notes, until a piece is made.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

from reprise.errors import ScoreError
from reprise.music.piece import (
    GRACE,
    KEYS,
    MAX_FILE_BYTES,
    METRES,
    NO_LENGTH,
    TEMPOS,
    UNPITCHED,
    Piece,
    longest_lasting,
    metre_problem,
    note_table,
    problem_of,
)
from reprise.music.readers.abc.fields import Settings
from reprise.music.readers.abc.music import AFTER, Tune, count_letters, lines_of
from reprise.music.readers.abc.voice import Voice
from reprise.music.readers.defaults import DEFAULT_TEMPO_BPM, DEFAULT_VELOCITY, PIANO, program_of_name

T = TypeVar("T")

LONGEST_UPBEAT = Fraction(3, 4)  # of a bar; a longer first bar misses something
MAX_HEADER = 10_000  # characters of the fields that all tunes of a book share


def split_book(text: str, source: str) -> Iterator[tuple[str, str]]:
    """The tunes of an ABC file, each with a name and with the fields that hold for all.

    The only tune is named as its file, others by their position and, where that is another, their number too.

    Raises:
        ScoreError: what holds for all is too long.
    """
    begins = [found.start() for found in re.finditer(r"^X:", text, re.MULTILINE)]
    header = text[: begins[0]] if begins else ""
    if not begins or re.search(r"^K:", header, re.MULTILINE):
        begins, header = [0, *begins], ""  # a tune without a number comes first
    header = "".join(f"{letter}:{value}\n" for letter, value in lines_of(header) if letter in tuple("MLIQ"))
    # Version 2.1 lets an accidental hold in all octaves; tunes of no version mean its own, as printed music does.
    if (version := re.match(r"%abc-(\d{1,3})\.(\d{1,3})", text)) and (int(version[1]), int(version[2])) >= (2, 1):
        header = "I:propagate-accidentals pitch\n" + header
    if len(header) > MAX_HEADER:
        raise ScoreError(f"{source}: its header has more than {MAX_HEADER:,} characters, the most that is read")
    for position, (begin, end) in enumerate(itertools.pairwise([*begins, len(text)]), start=1):
        number = re.match(r"X:\s*(\d{1,9})", text[begin : begin + 100])
        name = f", tune {position}" if len(begins) > 1 else ""
        if name and number and int(number[1]) != position:
            name += f" (X:{number[1]})"
        yield source + name, header + text[begin:end]


def read_tune(text: str, source: str) -> Piece:
    """What a tune says of its notes.

    Each voice is a part. Ties are joined; grace notes and unpitched ones are left out; repeats are read as written, not
    played; pitches are those that sound. A bar begins together in all voices where they have as many bars. Metre, key
    and tempo are chosen as for scores in other formats; so are tempo, velocity and program where none is written.

    Raises:
        ScoreError: it can't be read, or what was read isn't all that is written.
    """
    if len(text) > MAX_FILE_BYTES:
        raise ScoreError(f"{source}: has more than {MAX_FILE_BYTES:,} characters, the most that is read")
    lines, tune, letters = lines_of(text), Tune(), 0
    body = next((index for index, (letter, _) in enumerate(lines, start=1) if letter == "K"), None)
    if body is None:
        raise ScoreError(f"{source}: not a readable ABC file (has no K: field, which must end a tune's header)")
    try:
        tune.read_header(lines[:body])
        for letter, line in lines[body:]:
            if letter == AFTER:
                raise ValueError(f"goes on after an empty line, which ends a tune: '{line.strip()[:40]}'")
            if letter:
                tune.read_field(letter, line)
            else:
                tune.read_music(line)
                letters += count_letters(line)
    except ValueError as error:
        raise ScoreError(f"{source}: not a readable ABC file ({error})") from error
    for voice in tune.voices.values():
        voice.end()
    built = sum(len(voice.notes) + voice.joined + voice.graces for voice in tune.voices.values())
    if built != letters:
        raise ScoreError(f"{source}: {letters} notes are written, but {built} were read; its ABC isn't understood")
    return _piece({name: voice for name, voice in tune.voices.items() if voice.notes}, source)


def _piece(voices: dict[str, Voice], source: str) -> Piece:
    pitched = {name: voice for name, voice in voices.items() if not voice.settings.is_unpitched}
    if not pitched:
        raise ScoreError(f"{source}: has no notes")
    begins = dict(zip(voices, _bar_starts(list(voices.values()))))
    first = next(iter(pitched))
    metre, bar_line = _metre(pitched[first], begins[first])
    if problem := metre_problem(metre):
        raise ScoreError(f"{source}: {problem}")
    shift = -bar_line % Fraction(4 * metre[0], metre[1])
    rows = []
    for part, (name, voice) in enumerate(pitched.items()):
        for note in voice.notes:
            start, end = (begins[name][bar] + offset for bar, offset in (note.start, note.end))
            rows.append((float(start + shift), float(end - start), note.pitch, DEFAULT_VELOCITY, part))
    sounding = [row for row in rows if row[1] > 0]
    tempos = _changes(pitched.values(), lambda settings: settings.tempo)
    fifths, mode = next(iter(_changes([pitched[first]], _key)), (None, None))
    piece = Piece(
        note_table(sounding),
        tempos[0] if tempos else DEFAULT_TEMPO_BPM,
        tuple(_program(name, voice) for name, voice in pitched.items()),
        metre,
        source,
        fifths,
        mode,
        {
            kind: count
            for kind, count in {
                GRACE: sum(voice.graces for voice in voices.values()),
                UNPITCHED: sum(len(voice.notes) for voice in voices.values() if voice.settings.is_unpitched),
                NO_LENGTH: len(rows) - len(sounding),
                TEMPOS: len(tempos) - 1,
                METRES: _most_changes(pitched.values(), lambda settings: settings.metre),
                KEYS: _most_changes(pitched.values(), lambda settings: settings.key),
            }.items()
            if count > 0
        },
    )
    if problem := problem_of(piece):
        raise ScoreError(f"{source}: {problem}")
    return piece


def _bar_starts(voices: Sequence[Voice]) -> list[list[Fraction]]:
    """When the bars of each voice begin, and when its last one ends.

    A bar is as long as in the voice that makes it longest. Voices that don't have as many bars as one another, such as
    those without bar lines, just go on.
    """
    if len({len(voice.lengths) for voice in voices}) == 1:
        shared = [max(lengths) for lengths in zip(*(voice.lengths for voice in voices))]
        return [list(itertools.accumulate(shared, initial=Fraction(0)))] * len(voices)
    return [list(itertools.accumulate(voice.lengths, initial=Fraction(0))) for voice in voices]


def _metre(voice: Voice, begins: Sequence[Fraction]) -> tuple[tuple[int, int], Fraction]:
    """The metre that lasts longest in a voice, and where a bar line of it lies: after an upbeat, if it has one."""
    changes = {begins[bar] + offset: settings.metre for (bar, offset), settings in voice.history.items()}
    metre, holds_from = longest_lasting(changes, begins[-1])
    length = Fraction(4 * metre[0], metre[1])
    bar = next((bar for bar, begin in enumerate(begins[:-1]) if begin >= holds_from), 0)
    is_upbeat = bar + 2 < len(begins) and begins[bar + 1] - begins[bar] <= LONGEST_UPBEAT * length
    return metre, begins[bar + is_upbeat]


def _changes(voices: Iterable[Voice], said: Callable[[Settings], T | None]) -> list[T]:
    """What voices say one after the other, by the places in their bars; what they repeat, or don't say, is left out."""
    history = sorted(
        ((place, said(settings)) for voice in voices for place, settings in voice.history.items()),
        key=lambda change: change[0],
    )
    return [value for value, _ in itertools.groupby(value for _, value in history if value is not None)]


def _most_changes(voices: Iterable[Voice], said: Callable[[Settings], object]) -> int:
    """How often the voice in which something changes most changes it."""
    return max(len(_changes([voice], said)) for voice in voices) - 1


def _key(settings: Settings) -> tuple[int, str | None] | None:
    """The key signature and mode as they sound: with a transposition, those of as many semitones higher."""
    if settings.key.fifths is None:
        return None
    fifths = settings.key.fifths + (7 * sum(settings.shifts.values()) + 6) % 12 - 6
    return fifths - 12 if fifths > 7 else fifths + 12 if fifths < -7 else fifths, settings.key.mode


def _program(name: str, voice: Voice) -> int:
    """The program that is written when the voice first sounds, else that of its name, else the piano's."""
    first = min(note.start for note in voice.notes)
    settings = voice.history[max(place for place in voice.history if place <= first)]
    if settings.program is not None:
        return settings.program
    named = (program_of_name(text) for text in (settings.name, name) if len(text) > 2)  # T1 needn't be a tenor
    return next((program for program in named if program is not None), PIANO)
