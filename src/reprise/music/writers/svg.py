"""Pieces as engraved scores, to look at: SVG, by Verovio."""

import verovio

from reprise.errors import ScoreError
from reprise.music.piece import Piece
from reprise.music.writers.musicxml import musicxml_bytes

# In Verovio's units. Ids come from a seed of their own: else they differ each time.
OPTIONS = {
    "pageWidth": 2100,
    "pageHeight": 2970,
    "adjustPageHeight": True,
    "scale": 40,
    "footer": "none",
    "xmlIdSeed": 1,
}
WHITE = '<rect width="100%" height="100%" fill="white"/>'


def svg_bytes(piece: Piece) -> bytes:
    """The first page of the piece as notation, an SVG on white; the same piece gives the same bytes.

    Raises:
        ScoreError: the piece can't be written, such as one without notes.
    """
    toolkit = verovio.toolkit()
    toolkit.setOptions(OPTIONS)
    if not toolkit.loadData(musicxml_bytes(piece).decode()):
        raise ScoreError(f"{piece.source or 'piece'}: Verovio can't engrave it")
    head, tag, body = toolkit.renderToSVG(1).partition("</desc>")
    return (head + tag + WHITE + body).encode()
