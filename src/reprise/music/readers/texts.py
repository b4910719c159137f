"""The text formats by way of music21: MusicXML, plain and compressed, ABC and Humdrum **kern.

`read_text` is meant for a child process that `confine` has bound: a broken file can cost music21 much time and memory.
Texts are handed to its parsers as they are, never as a name, so that it opens no file and no address. It doesn't know
ties between chords in ABC: such chords are struck again.
"""

import os
import re
import resource
import signal
import sys

import music21
from music21.humdrum.spineParser import HumdrumDataCollection

from reprise.errors import ScoreError
from reprise.music.piece import Piece
from reprise.music.readers.music21_scores import piece_from_score
from reprise.music.readers.musicxml import read_compressed_musicxml, read_musicxml

MUSICXML, COMPRESSED, ABC, HUMDRUM = "MusicXML", "compressed MusicXML", "ABC", "Humdrum **kern"


def confine(memory_bytes: int) -> None:
    """Let this process take so much more memory than it has, and keep music21's warnings from people.

    What is wrong with a score comes as an error.
    """
    if sys.platform == "linux":  # others count address space otherwise, or not at all
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes,) * 2)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  for as long as the process lives


def read_text(content: bytes, kind: str, source: str, timeout_s: float) -> list[Piece | ScoreError]:
    """Each piece of a file, or what is wrong with it; several for an ABC tune book."""
    signal.alarm(int(timeout_s) + 10)  # ends this process even if the one that would stop it is gone
    try:
        tunes = _tunes(_text(content), source) if kind == ABC else [(content, source)]
        return [_read_one(tune, kind, name) for tune, name in tunes]
    finally:
        signal.alarm(0)


def _read_one(content: bytes | str, kind: str, source: str) -> Piece | ScoreError:
    read = {MUSICXML: read_musicxml, COMPRESSED: read_compressed_musicxml, ABC: _abc, HUMDRUM: _humdrum}[kind]
    try:
        return read(content, source)
    except ScoreError as error:
        return error
    except (MemoryError, RecursionError):
        return ScoreError(f"{source}: is too large, or nested too deeply, to be read")
    except Exception as error:  # music21 meets what it doesn't expect with any error that Python has
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return ScoreError(f"{source}: not a readable {kind} file ({why})")


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.sub(r"\r\n?", "\n", text)


def _tunes(text: str, source: str) -> list[tuple[str, str]]:
    """The tunes of an ABC file, each with the file's header, and a name for each."""
    header, *tunes = re.split(r"^(?=X:)", text, flags=re.MULTILINE)
    if len(tunes) < 2:
        return [(text, source)]
    return [(header + tune, f"{source}, tune {number}") for number, tune in enumerate(tunes, start=1)]


def _abc(text: str, source: str) -> Piece:
    score = music21.abcFormat.translate.abcToStreamScore(music21.abcFormat.ABCFile().readstr(text))
    return piece_from_score(score, source)


def _humdrum(content: bytes, source: str) -> Piece:
    collection = HumdrumDataCollection(_text(content))
    collection.parse()
    if isinstance(collection.stream, music21.stream.Opus):
        raise ScoreError(f"{source}: holds several scores; give each a file of its own")
    return piece_from_score(collection.stream, source)
