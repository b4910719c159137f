"""Captions in a CSV file such as MusicCaps has, read as a stream, whose other columns go along, and found by words."""

import csv
import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from reprise.embedding.embedder import Embedder
from reprise.errors import BadInput

CAPTION = "caption"
RIGHT = f"it must be a CSV file in UTF-8 with a column '{CAPTION}', as MusicCaps has"
LONGEST_LINE = 1 << 20  # bytes
TOGETHER = 256  # captions that are embedded in one go
OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}

Row = dict[str, str]


class CaptionFile:
    """The rows of a CSV file that have a caption, one by one.

    Attributes:
        columns: their names. rows, empty: how many have come so far with a caption, and without.
    """

    def __init__(self, path: Path) -> None:
        """Read the names of the columns.

        Raises:
            BadInput: there is no such file, no column of captions, or it isn't UTF-8.
        """
        if not path.is_file():
            raise BadInput(f"{path}: there is no such file; {RIGHT}")
        self.path, self.rows, self.empty = path, 0, 0
        self._reader = csv.reader(_lines(path), strict=True)
        self.columns = [name.strip() for name in next(self._fields(), [])]
        if not self.columns:
            raise BadInput(f"{path}: is empty; {RIGHT}")
        if CAPTION not in self.columns or len(set(self.columns)) < len(self.columns):
            names = ", ".join(map(repr, self.columns))
            raise BadInput(f"{path}: its columns are {names}; one must be '{CAPTION}', and none be there twice")

    def __iter__(self) -> Iterator[Row]:
        """What is left of the file.

        Raises:
            BadInput: a row has another number of fields than the first, isn't UTF-8, or the quotes don't match.
        """
        for fields in self._fields():
            if len(fields) != len(self.columns):
                raise BadInput(
                    f"{self.path}: line {self._reader.line_num:,} ends a row of {len(fields)} fields, but there are "
                    f"{len(self.columns)} columns; a comma in a text needs quotes around the text"
                )
            row = dict(zip(self.columns, fields))
            if row[CAPTION].strip():
                self.rows += 1
                yield row
            else:
                self.empty += 1

    def _fields(self) -> Iterator[list[str]]:
        try:
            yield from (fields for fields in self._reader if fields)
        except csv.Error as error:
            raise BadInput(f"{self.path}: line {self._reader.line_num:,}: {error}; {RIGHT}") from error


def _lines(path: Path) -> Iterator[str]:
    """The lines of a text in UTF-8, with a mark of the byte order before them or without."""
    with open(path, "rb") as file:
        place = 0
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            if number == 1:
                if encoding := OTHER_ENCODINGS.get(line[:2]):
                    raise BadInput(f"{path}: is in {encoding}; save it as UTF-8")
                line = line.removeprefix(b"\xef\xbb\xbf")
                place = file.tell() - len(line)
            if len(line) == LONGEST_LINE:
                raise BadInput(f"{path}: line {number:,} is longer than {LONGEST_LINE:,} bytes; {RIGHT}")
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise BadInput(
                    f"{path}: line {number:,}, byte {place + error.start:,} of the file: {line[error.start]:#04x} "
                    "isn't UTF-8; save the file as UTF-8 (iconv -f WINDOWS-1252 -t UTF-8 IN > OUT does, if it is that)"
                ) from error
            place += len(line)


def embed_captions(rows: Iterable[Row], embedder: Embedder) -> Iterator[tuple[list[Row], np.ndarray]]:
    """Rows in batches, with the vectors of their captions, float32[rows, E]."""
    left = iter(rows)
    while batch := list(islice(left, TOGETHER)):
        yield batch, embedder.embed_text([row[CAPTION] for row in batch])


def nearest_rows(
    query: np.ndarray,
    batches: Iterable[tuple[list[Row], np.ndarray]],
    count: int,
) -> list[tuple[float, Row]]:
    """The `count` rows nearest to a query, float32[E], with their cosines, the nearest first.

    Equal ones stay in their order. Only these are held in memory.
    """
    best: list[tuple[float, int, Row]] = []
    number = 0
    for rows, vectors in batches:
        for score, row in zip((vectors @ query).tolist(), rows):
            number -= 1  # so that of equal ones the later one leaves the heap
            (heapq.heappush if len(best) < count else heapq.heappushpop)(best, (score, number, row))
    return [(score, row) for score, _, row in sorted(best, key=lambda found: (-found[0], -found[1]))]
