"""The text formats: MusicXML, plain and compressed, and ABC by way of music21, Humdrum **kern by a reader of our own.

`read_text` is meant for a child process that `confine` has bound: a broken file can cost music21 much time and memory.
Texts are handed to its parsers as they are, never as a name, so that it opens no file and no address. It doesn't know
ties between chords in ABC: such chords are struck again.
"""

import io
import os
import re
import resource
import signal
import sys
import zipfile
from xml.etree.ElementTree import Element

import music21
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from music21.musicxml.xmlToM21 import MusicXMLImporter

from reprise.errors import ScoreError
from reprise.music.midi import MAX_FILE_BYTES
from reprise.music.piece import Piece
from reprise.music.readers.humdrum import read_humdrum
from reprise.music.readers.music21_scores import piece_from_score

MUSICXML, COMPRESSED, ABC, HUMDRUM = "MusicXML", "compressed MusicXML", "ABC", "Humdrum **kern"
MAX_ARCHIVE_FILES = 1000


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
    parse = {MUSICXML: _musicxml, COMPRESSED: _compressed, ABC: _abc}
    try:
        if kind == HUMDRUM:
            return read_humdrum(_text(content), source)
        return piece_from_score(parse[kind](content, source), source)
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


def _abc(text: str, source: str) -> music21.stream.Score:
    return music21.abcFormat.translate.abcToStreamScore(music21.abcFormat.ABCFile().readstr(text))


def _musicxml(content: bytes, source: str) -> music21.stream.Score:
    root = _xml(content, source)
    if root.tag != "score-partwise":
        raise ScoreError(f"{source}: holds <{root.tag}>; of MusicXML, <score-partwise> is read")
    importer = MusicXMLImporter()
    importer.xmlRootToScore(root, importer.stream)
    return importer.stream


def _xml(content: bytes, source: str) -> Element:
    """The root of an XML document. It may name a document type, but neither define things in it nor fetch it."""
    try:
        return fromstring(content)
    except DefusedXmlException as error:
        raise ScoreError(f"{source}: defines entities or needs other files; MusicXML does neither") from error


def _compressed(content: bytes, source: str) -> music21.stream.Score:
    """The score that META-INF/container.xml names first, else the archive's first XML file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if len(names) > MAX_ARCHIVE_FILES:
            raise ScoreError(f"{source}: holds {len(names)} files; at most {MAX_ARCHIVE_FILES} are read")
        scores = [name for name in names if name.endswith((".xml", ".musicxml")) and not name.startswith("META-INF/")]
        if "META-INF/container.xml" in names:
            container = _xml(_member(archive, "META-INF/container.xml", source), source)
            scores = [file.get("full-path") for file in container.iter("rootfile")] or scores
        if not scores or scores[0] not in names:
            raise ScoreError(f"{source}: holds no score, or lacks the one that it names")
        return _musicxml(_member(archive, scores[0], source), source)


def _member(archive: zipfile.ZipFile, name: str, source: str) -> bytes:
    """One file of an archive: no more than a score may have, whatever it says it has."""
    with archive.open(name) as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if max(archive.getinfo(name).file_size, len(content)) > MAX_FILE_BYTES:
        raise ScoreError(f"{source}: holds {name} of more than {MAX_FILE_BYTES:,} bytes, the most that is read")
    return content
