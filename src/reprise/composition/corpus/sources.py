"""Where the scores of a corpus come from: music21's own corpus, a folder of scores, or the Weimar Jazz Database.

A source has a folder for each composer (music21's corpus, or a folder of scores), or solos by performers (a database).
What it yields carries a name relative to the source, so nothing of the machine gets into a corpus.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import music21

from reprise.composition.corpus.store import MUSIC21
from reprise.errors import BadInput, ScoreError
from reprise.music.piece import Piece
from reprise.music.readers.weimar import read_solos
from reprise.music.scores import EXTENSIONS, read_many
from reprise.progress import progress_bar

DATABASES = (".db", ".sqlite", ".sqlite3")
# Of files that differ in their extension alone, the one that says most is read.
PREFERRED = {
    extension: rank for rank, extension in enumerate((".musicxml", ".mxl", ".xml", ".krn", ".abc", ".mid", ".midi"))
}
READ_TIMEOUT_S = 120.0  # a score; the slowest of music21's Bach takes some 3 s


@dataclass(frozen=True)
class Source:
    """One composer of one source.

    Attributes:
        name: how it is called in messages. most: so many of its files are read at most, spread evenly over them.
    """

    root: Path
    composer: str
    name: str
    most: int | None = None

    @property
    def is_database(self) -> bool:
        return self.root.suffix.lower() in DATABASES

    @property
    def files(self) -> list[Path]:
        """The files that it is read from, hidden ones and DVC's own left out, ordered by name."""
        if self.is_database:
            return [self.root]
        files = [path for path in (self.root / self.composer).rglob("*") if path.is_file() and path.suffix != ".dvc"]
        names = {path: path.relative_to(self.root) for path in files}
        files = sorted((p for p in files if not any(x.startswith(".") for x in names[p].parts)), key=names.__getitem__)
        return files if self.most is None else files[:: -(-len(files) // self.most) or 1]


def open_source(source: str, composer: str, repository: Path) -> Source:
    """The source that `corpus.source` and `corpus.composer` name; paths count from `repository`.

    Raises:
        BadInput: there is no such source, or it has no such composer.
    """
    root = music21.common.getCorpusFilePath() if source == MUSIC21 else repository / source
    found = Source(root, composer, source)
    if not root.exists():
        raise BadInput(f"corpus: source '{source}' does not exist; put scores there, as docs/corpora.md says")
    if found.is_database:
        return found
    if not (root / composer).is_dir():
        folders = sorted(path.name for path in root.iterdir() if path.is_dir() and path.name[:1] not in "._")
        known = f"it has {', '.join(folders[:12])}" if folders else "it has no folder at all; '' takes the files in it"
        raise BadInput(f"corpus: source '{source}' has no folder '{composer}' of a composer; {known}")
    return found


def read_source(source: Source, workers: int) -> Iterator[tuple[str, Piece | ScoreError | str]]:
    """Each piece under its name; instead of a piece, what is wrong with the score, or in two words why it isn't read.

    `workers` processes read text formats. A tune book gives a piece, or an error, for each of its tunes.

    Raises:
        ScoreError: a database is none, or has no solo by the performer.
    """
    if source.is_database:
        yield from read_solos(source.root, source.composer)
        return
    chosen: dict[Path, Path] = {}
    for path in sorted(source.files, key=lambda path: PREFERRED.get(path.suffix.lower(), len(PREFERRED))):
        name, key = path.relative_to(source.root).as_posix(), path.with_suffix("")
        if path.suffix.lower() not in EXTENSIONS:
            yield name, "no score"
        elif key in chosen:
            yield name, "second format"
        else:
            chosen[key] = path
    scores = sorted(chosen.values())
    with progress_bar(len(scores), "reading", "scores") as bar:
        last = None
        for path, result in read_many(scores, READ_TIMEOUT_S, workers):
            bar.update(path != last)  # a book with broken tunes comes several times
            last = path
            name = path.relative_to(source.root).as_posix()
            if isinstance(result, ScoreError):
                yield name, ScoreError(str(result).replace(str(path), name))
                continue
            for piece in result:
                title = piece.source.replace(str(path), name)
                yield title, replace(piece, source=title)


def digest_of(source: Source) -> str:
    """One sha256 of all files of a source, by name and content."""
    digest = hashlib.sha256()
    for path in source.files:
        digest.update(f"{path.relative_to(source.root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
