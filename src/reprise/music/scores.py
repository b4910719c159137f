"""Scores in files: MIDI, MusicXML (plain and compressed), ABC and Humdrum to pieces, and pieces to files.

Nothing in a file is trusted. Whatever its bytes, reading gives pieces or a `ScoreError`, in bounded time and memory:
MIDI at once, the text formats in child processes that are stopped when they take too long or too much. Each tune of an
ABC book is read by itself, so that a bad one costs no other. Nothing is fetched, unpacked to disk or written beside a
score.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from pebble import ProcessPool

from reprise.errors import ScoreError
from reprise.music.piece import MAX_FILE_BYTES, Piece
from reprise.music.readers.abc.tunes import split_book
from reprise.music.readers.children import CHILDREN
from reprise.music.readers.midi import read_midi
from reprise.music.readers.texts import ABC, COMPRESSED, HUMDRUM, MUSICXML, confine, read_text, text_of
from reprise.music.writers.midi import midi_bytes
from reprise.music.writers.musicxml import musicxml_bytes
from reprise.music.writers.svg import svg_bytes

MIDI = "MIDI"
FORMATS = {
    ".mid": MIDI,
    ".midi": MIDI,
    ".musicxml": MUSICXML,
    ".xml": MUSICXML,
    ".mxl": COMPRESSED,
    ".abc": ABC,
    ".krn": HUMDRUM,
}
EXTENSIONS = tuple(FORMATS)
TIMEOUT_S = 60.0
MAX_BOOK_BYTES = 10 * MAX_FILE_BYTES  # of an ABC file, whose tunes may each have as many as another file
MAX_MEMORY_BYTES = 2 << 30  # that reading takes


def read_pieces(path: Path) -> list[Piece]:
    """All pieces of a file: one, but for an ABC tune book.

    Raises:
        ScoreError: the file, or one of its tunes, can't be read.
    """
    pieces = []
    for _, result in list(read_many([path], TIMEOUT_S, workers=1)):
        if isinstance(result, ScoreError):
            raise result
        pieces += result
    return pieces


def read_piece(path: Path) -> Piece:
    """The only piece of a file, or its first.

    Raises:
        ScoreError: the file, or one of its tunes, can't be read.
    """
    return read_pieces(path)[0]


def read_many(
    paths: Sequence[Path], timeout_s: float, workers: int = 2
) -> Iterator[tuple[Path, list[Piece] | ScoreError]]:
    """Each file with its pieces or what is wrong with it, in the order of `paths`.

    A tune book of which some tunes are broken comes with the pieces of the others, and again with each one's error.

    Args:
        timeout_s: what a file in a text format, or a tune of a book, may take.
        workers: child processes that read text formats.
    """
    paths = [Path(path) for path in paths]
    pool = ProcessPool(workers, initializer=confine, initargs=(MAX_MEMORY_BYTES,), context=CHILDREN)
    try:
        results = _in_turn(paths, pool, timeout_s, 4 * workers)
        for _, group in itertools.groupby(results, key=lambda result: result[0]):
            of_file = [(paths[number], result) for number, result in group]
            if pieces := [result for _, result in of_file if isinstance(result, Piece)]:
                yield of_file[0][0], pieces
            yield from ((path, result) for path, result in of_file if isinstance(result, ScoreError))
    finally:
        pool.stop()
        pool.join()


def write_piece(piece: Piece, path: Path) -> None:
    """A piece as a file in the format that the extension names: `.mid`, `.musicxml` or, its first page, `.svg`.

    Raises:
        ScoreError: it is another extension, the piece can't be written in the format, or the file can't be.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind == MIDI:
        content = midi_bytes(piece)
    elif kind == MUSICXML:
        content = musicxml_bytes(piece)
    elif path.suffix.lower() == ".svg":
        content = svg_bytes(piece)
    else:
        raise ScoreError(f"{path}: can't be written; its extension must be .mid, .musicxml or .svg")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ScoreError(f"{path}: can't be written ({error.strerror})") from error


def _in_turn(
    paths: Sequence[Path], pool: ProcessPool, timeout_s: float, ahead: int
) -> Iterator[tuple[int, Piece | ScoreError]]:
    """The number of each path with each of its results. `ahead` scores are read in advance."""
    waiting: deque[tuple[int, str, Future | Piece | ScoreError]] = deque()
    for number, path in enumerate(paths):
        for source, begun in _begun(path, pool, timeout_s):
            waiting.append((number, source, begun))
            if len(waiting) > ahead:
                yield _finished(*waiting.popleft(), timeout_s)
    while waiting:
        yield _finished(*waiting.popleft(), timeout_s)


def _begun(path: Path, pool: ProcessPool, timeout_s: float) -> Iterator[tuple[str, Future | Piece | ScoreError]]:
    """The scores of a file by their names: the piece of a MIDI file or an error at once, others as futures."""
    try:
        content = _load(path)
        kind = _kind(content, path)
        if kind == MIDI:
            yield str(path), read_midi(content, str(path))
        else:
            scores = split_book(text_of(content), str(path)) if kind == ABC else [(str(path), content)]
            for source, score in scores:
                yield source, pool.schedule(read_text, args=(score, kind, source, timeout_s), timeout=timeout_s)
    except ScoreError as error:
        yield str(path), error


def _finished(
    number: int, source: str, begun: Future | Piece | ScoreError, timeout_s: float
) -> tuple[int, Piece | ScoreError]:
    try:
        return number, begun.result() if isinstance(begun, Future) else begun
    except TimeoutError:
        return number, ScoreError(f"{source}: takes more than {timeout_s:g} s to read")
    except Exception:  # whatever became of the process
        why = f"crashes its reader, or needs more than {MAX_MEMORY_BYTES >> 30} GiB of memory"
        return number, ScoreError(f"{source}: {why}")


def _load(path: Path) -> bytes:
    if path.suffix.lower() not in FORMATS:
        raise ScoreError(f"{path}: isn't a score by its extension; it must be one of {', '.join(EXTENSIONS)}")
    most = MAX_BOOK_BYTES if FORMATS[path.suffix.lower()] == ABC else MAX_FILE_BYTES
    if not path.is_file():
        raise ScoreError(f"{path}: isn't there, or isn't a file")
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise ScoreError(f"{path}: can't be read ({error.strerror})") from error
    if len(content) > most:
        raise ScoreError(f"{path}: has more than {most:,} bytes, the most that is read")
    return content


def _kind(content: bytes, path: Path) -> str:
    """The format of a file, by its content; its extension must agree, but that MusicXML may be compressed or not."""
    named, held = FORMATS[path.suffix.lower()], _looks_like(content)
    family = {MUSICXML, COMPRESSED}
    if named == held or (named in family and held in family):
        return held
    if held is None:
        raise ScoreError(f"{path}: not a readable {named} file (it has none of the marks of one)")
    raise ScoreError(f"{path}: holds {held}, but is named as {named}")


def _looks_like(content: bytes) -> str | None:
    start = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if content.startswith(b"MThd"):
        return MIDI
    if content.startswith(b"PK\x03\x04"):
        return COMPRESSED
    if start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\0<")):
        return MUSICXML
    if re.search(rb"(?:\A|[\r\n])\*\*", content):
        return HUMDRUM
    return ABC if re.search(rb"(?:\A|[\r\n]|\xef\xbb\xbf)[XK]:", content) else None
