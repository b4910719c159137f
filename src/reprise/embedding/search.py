"""Music in files, found by words, by a recording or by a score: what lies nearest in an embedder's space."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.audio.recordings import EXTENSIONS, stream_mono
from reprise.embedding.embedder import Embedder, NotesEmbedder, mean_of_windows
from reprise.errors import AudioError, BadInput, RepriseError, ScoreError
from reprise.music.scores import EXTENSIONS as SCORES
from reprise.music.scores import read_piece

TOGETHER = 16  # windows of a recording in memory at once
LONGEST_QUERY = 1000  # characters
AUDIO, NOTES = "audio", "notes"


@dataclass(frozen=True)
class Indexed:
    """A file with its vector, float32[E], and what of it was read: sound or notes."""

    path: Path
    kind: str
    vector: np.ndarray


def find_music(folder: Path) -> list[Path]:
    """The recordings and scores in a folder and those below it, in order; hidden ones aren't among them.

    Raises:
        BadInput: it is no folder, or holds none.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: is no folder; it must hold recordings or scores")
    known = {*EXTENSIONS, *SCORES}
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in known and path.is_file())
    found = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not found:
        raise BadInput(
            f"{folder}: has no recordings and no scores; it must hold files that end in {', '.join(sorted(known))}"
        )
    return found


def index(
    paths: Iterable[Path],
    embedder: Embedder,
    problem: Callable[[RepriseError], None],
    advance: Callable[[], None] = lambda: None,
) -> list[Indexed]:
    """Every file that can be read; `problem` is told of each other one, `advance` called after each."""
    found = []
    for path in paths:
        try:
            found.append(embed_file(path, embedder))
        except (AudioError, ScoreError) as error:
            problem(error)
        advance()
    return found


def embed_file(path: Path, embedder: Embedder) -> Indexed:
    """A recording by its sound, a score by its notes.

    Raises:
        AudioError, ScoreError: it can't be read, or it is a score and the embedder reads no notes.
    """
    if path.suffix.lower() in SCORES:
        if not isinstance(embedder, NotesEmbedder):
            raise ScoreError(f"{path}: is a score, and {embedder.name} reads no notes; give it a recording of it")
        return Indexed(path, NOTES, embedder.embed_notes([read_piece(path)])[0])
    return Indexed(path, AUDIO, embed_recording(path, embedder))


def embed_recording(path: Path, embedder: Embedder) -> np.ndarray:
    """As `embed_audio` of the whole recording, without holding it in memory, float32[E].

    Raises:
        AudioError: it can't be read.
    """
    size = round(embedder.window_s * embedder.sample_rate)
    vectors, rest = [], np.zeros(0, np.float32)
    for block in stream_mono(path, embedder.sample_rate):
        rest = np.concatenate([rest, block])
        while len(rest) >= TOGETHER * size:
            vectors.append(embedder.embed_audio(list(rest[: TOGETHER * size].reshape(TOGETHER, size))))
            rest = rest[TOGETHER * size :]
    if len(rest) or not vectors:
        vectors.append(
            embedder.embed_audio([rest[start : start + size] for start in range(0, max(len(rest), 1), size)])
        )
    together = np.concatenate(vectors)
    return mean_of_windows(together, np.zeros(len(together), int), 1)[0]


def embed_query(query: str, embedder: Embedder) -> tuple[str, np.ndarray]:
    """What a query is, `words` or the kind of the file that it names, and its vector, float32[E].

    Raises:
        BadInput: it is empty or very long. AudioError, ScoreError: the file that it names can't be read.
    """
    if not query.strip() or len(query) > LONGEST_QUERY:
        raise BadInput(f"QUERY: has {len(query.strip()):,} characters; it must have 1 to {LONGEST_QUERY:,}")
    path = Path(query)
    if path.suffix.lower() in {*EXTENSIONS, *SCORES}:
        found = embed_file(path, embedder)
        return found.kind, found.vector
    return "words", embedder.embed_text([query])[0]


def nearest(query: np.ndarray, files: list[Indexed], count: int) -> list[tuple[float, Indexed]]:
    """The `count` files nearest to a query, float32[E], with their cosines, the nearest first."""
    scored = [(float(file.vector @ query), file) for file in files]
    return sorted(scored, key=lambda pair: (-pair[0], pair[1].path))[:count]
