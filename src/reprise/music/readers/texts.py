"""The text formats, each by its own reader: MusicXML, plain and compressed, ABC and Humdrum **kern.

`read_text` is meant for a child process that `confine` has bound: a broken file can cost a reader much time and memory.
Nothing is opened or fetched on a file's word.
"""

import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from reprise.errors import ScoreError
from reprise.music.piece import Piece
from reprise.music.readers.abc.tunes import read_tune
from reprise.music.readers.humdrum import read_humdrum
from reprise.music.readers.musicxml.scores import read_compressed_musicxml, read_musicxml

MUSICXML, COMPRESSED, ABC, HUMDRUM = "MusicXML", "compressed MusicXML", "ABC", "Humdrum **kern"


def confine(memory_bytes: int) -> None:
    """Let this process take so much more memory than it has, and keep warnings from people.

    What is wrong with a score comes as an error.
    """
    if sys.platform == "linux":  # others count address space otherwise, or not at all
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + memory_bytes,) * 2)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  for as long as the process lives


def read_text(content: bytes | str, kind: str, source: str, timeout_s: float) -> Piece | ScoreError:
    """The piece of a file, or of a tune of an ABC file, or what is wrong with it."""
    signal.alarm(int(timeout_s) + 10)  # ends this process even if the one that would stop it is gone
    try:
        return _read(content, kind, source)
    finally:
        signal.alarm(0)


def text_of(content: bytes) -> str:
    """A text file's lines, ended by a line feed each, in UTF-8 or else in Latin 1."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return re.sub(r"\r\n?", "\n", text)


def _read(content: bytes | str, kind: str, source: str) -> Piece | ScoreError:
    readers: dict[str, Callable[[Any, str], Piece]] = {  # ABC's takes text, the others bytes
        MUSICXML: read_musicxml,
        COMPRESSED: read_compressed_musicxml,
        ABC: read_tune,
        HUMDRUM: _read_humdrum,
    }
    try:
        return readers[kind](content, source)
    except ScoreError as error:
        return error
    except (MemoryError, RecursionError):
        return ScoreError(f"{source}: is too large, or nested too deeply, to be read")
    except Exception as error:  # whatever a reader meets that it doesn't expect
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return ScoreError(f"{source}: not a readable {kind} file ({why})")


def _read_humdrum(content: bytes, source: str) -> Piece:
    return read_humdrum(text_of(content), source)
