"""Scores in files: MIDI, MusicXML (plain and compressed), ABC and Humdrum to pieces, and pieces to files.

Nothing in a file is trusted. Whatever its bytes, reading gives pieces or a `ScoreError`, in bounded time and memory:
MIDI by a strict reader of our own, the text formats by music21 in child processes that are stopped when they take
too long or too much. Nothing is fetched, unpacked to disk or written beside a score.
"""

import multiprocessing
import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from pebble import ProcessPool

from reprise.errors import ScoreError
from reprise.music.midi import midi_bytes
from reprise.music.notation import musicxml_bytes
from reprise.music.piece import MAX_FILE_BYTES, Piece
from reprise.music.readers.midi import read_midi
from reprise.music.readers.texts import ABC, COMPRESSED, HUMDRUM, MUSICXML, confine, read_text

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
MAX_MEMORY_BYTES = 2 << 30  # that reading takes

# Children fork from a server that has music21 loaded and no threads, whatever this process has.
_CHILDREN = multiprocessing.get_context("forkserver")
_CHILDREN.set_forkserver_preload(["__main__", "reprise.music.readers.texts"])


def read_pieces(path: Path) -> list[Piece]:
    """All pieces of a file: one, but for an ABC tune book.

    Raises:
        ScoreError: the file, or one of its tunes, can't be read.
    """
    results = [result for _, result in read_many([path], TIMEOUT_S, workers=1)]
    for result in results:
        if isinstance(result, ScoreError):
            raise result
    return results[0]


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
        timeout_s: what a file in a text format may take.
        workers: child processes that read text formats.
    """
    pool = ProcessPool(workers, initializer=confine, initargs=(MAX_MEMORY_BYTES,), context=_CHILDREN)
    waiting = deque()
    try:
        for path in map(Path, paths):
            waiting.append((path, _begin(path, pool, timeout_s)))
            if len(waiting) > 4 * workers:
                yield from _finish(*waiting.popleft(), timeout_s)
        while waiting:
            yield from _finish(*waiting.popleft(), timeout_s)
    finally:
        pool.stop()
        pool.join()


def write_piece(piece: Piece, path: Path) -> None:
    """A piece as a file in the format that the extension names: `.mid` or `.musicxml`.

    Raises:
        ScoreError: it is another extension, the piece can't be written in the format, or the file can't be.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind == MIDI:
        content = midi_bytes(piece)
    elif kind == MUSICXML:
        content = musicxml_bytes(piece)
    else:
        raise ScoreError(f"{path}: can't be written; its extension must be .mid or .musicxml")
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ScoreError(f"{path}: can't be written ({error.strerror})") from error


def _begin(path: Path, pool: ProcessPool, timeout_s: float) -> Future | list[Piece | ScoreError]:
    """The pieces of a MIDI file or an error at once, what music21 reads as a future."""
    try:
        content = _load(path)
        kind = _kind(content, path)
        if kind == MIDI:
            return [read_midi(content, str(path))]
    except ScoreError as error:
        return [error]
    return pool.schedule(read_text, args=(content, kind, str(path), timeout_s), timeout=timeout_s)


def _finish(
    path: Path, begun: Future | list[Piece | ScoreError], timeout_s: float
) -> Iterator[tuple[Path, list[Piece] | ScoreError]]:
    try:
        results = begun.result() if isinstance(begun, Future) else begun
    except TimeoutError:
        results = [ScoreError(f"{path}: takes more than {timeout_s:g} s to read")]
    except Exception:  # whatever became of the process
        results = [ScoreError(f"{path}: crashes its reader, or needs more than {MAX_MEMORY_BYTES >> 30} GiB of memory")]
    if pieces := [result for result in results if isinstance(result, Piece)]:
        yield path, pieces
    for result in results:
        if isinstance(result, ScoreError):
            yield path, result


def _load(path: Path) -> bytes:
    if path.suffix.lower() not in FORMATS:
        raise ScoreError(f"{path}: isn't a score by its extension; it must be one of {', '.join(EXTENSIONS)}")
    if not path.is_file():
        raise ScoreError(f"{path}: isn't there, or isn't a file")
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ScoreError(f"{path}: can't be read ({error.strerror})") from error
    if len(content) > MAX_FILE_BYTES:
        raise ScoreError(f"{path}: has more than {MAX_FILE_BYTES:,} bytes, the most that is read")
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
