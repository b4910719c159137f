"""The bytes of MusicXML files to trees of elements, plain and compressed; nothing in them is trusted.

A document may name a document type, but neither define things in it nor fetch it. Namespaces are dropped, since
programs that write MusicXML don't agree on having one.
"""

import io
import zipfile
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from reprise.errors import ScoreError
from reprise.music.piece import MAX_FILE_BYTES

MAX_ARCHIVE_FILES = 1000
CONTAINER = "META-INF/container.xml"


def xml_root(content: bytes, source: str) -> Element:
    """The root of an XML document.

    Raises:
        ScoreError: it defines entities or needs other files.
        xml.etree.ElementTree.ParseError: it isn't XML.
    """
    try:
        root = fromstring(content)
    except DefusedXmlException as error:
        raise ScoreError(f"{source}: defines entities or needs other files; MusicXML does neither") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def score_in_archive(content: bytes, source: str) -> bytes:
    """The score that a compressed file's container names first, else the archive's first XML file.

    Raises:
        ScoreError: the archive has too many files, too large ones, or no score.
        zipfile.BadZipFile: it isn't an archive.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if len(names) > MAX_ARCHIVE_FILES:
            raise ScoreError(f"{source}: holds {len(names)} files; at most {MAX_ARCHIVE_FILES} are read")
        scores = [
            name
            for name in names
            if name.lower().endswith((".xml", ".musicxml")) and not name.startswith(("META-INF/", "__MACOSX/"))
        ]
        if CONTAINER in names:
            container = xml_root(_member(archive, CONTAINER, source), source)
            scores = [file.get("full-path", "") for file in container.iter("rootfile")] or scores
        if not scores or scores[0] not in names:
            raise ScoreError(f"{source}: holds no score, or lacks the one that it names")
        return _member(archive, scores[0], source)


def _member(archive: zipfile.ZipFile, name: str, source: str) -> bytes:
    """One file of an archive: no more than a score may have, whatever it says it has."""
    with archive.open(name) as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if max(archive.getinfo(name).file_size, len(content)) > MAX_FILE_BYTES:
        raise ScoreError(f"{source}: holds {name} of more than {MAX_FILE_BYTES:,} bytes, the most that is read")
    return content
