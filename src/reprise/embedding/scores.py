"""The CLAP score: how near recordings lie to the texts that they were made from, beside the same with other texts.

A score alone says little: it has no scale of its own, and another checkpoint turns rankings round. So the mean cosine
stands beside that of the same recordings with the texts of the others, and texts that an embedder can't tell apart are
refused.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from reprise.audio.recordings import find_recordings
from reprise.embedding.embedder import Embedder
from reprise.embedding.health import MOST_ALIKE, mean_cosine
from reprise.embedding.search import embed_recording
from reprise.errors import AudioError, BadInput, RepriseError
from reprise.learning.bootstrap import mean_estimate, rounded

RESAMPLES, SEED = 2000, 1


def match_recordings(folder: Path, ids: Sequence[str]) -> tuple[list[tuple[Path, str]], list[Path]]:
    """The recordings in a folder and those below it, each with the id that its name has, and those without one.

    A recording is of an id if its name is the id, or goes on after it with `_`: of 7 are 7.wav and 7_take2.wav. Of
    several ids it is of the longest.

    Raises:
        BadInput: the folder has no recordings, or none of an id.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: is no folder; it must hold recordings")
    known, matched, others = set(ids), [], []
    for path in find_recordings(folder):
        parts = path.stem.split("_")
        names = ("_".join(parts[:count]) for count in range(len(parts), 0, -1))
        own = next((name for name in names if name in known), None)
        if own is None:
            others.append(path)
        else:
            matched.append((path, own))
    if not matched:
        raise BadInput(f"{folder}: no recording is named after a prompt; they must be named ID.wav or ID_anything.wav")
    return matched, others


def clap_scores(
    embedder: Embedder,
    paths: Sequence[Path],
    texts: Sequence[str],
    problem: Callable[[RepriseError], None],
    advance: Callable[[], None] = lambda: None,
) -> dict:
    """Mean cosine of each recording with its own text, and with the others' texts, and how much more the first is.

    Args:
        texts: one a recording. problem: told of each recording that can't be read, which is left out.

    Returns:
        Estimates `clap_score`, and where texts differ `shuffled` and `difference`; resampled by text, their count is of
        texts. `recordings` is how many were heard, `text_cosine` the mean cosine of different texts.

    Raises:
        BadInput: no recording can be read. RepriseError: the embedder has nearly the same vector for all texts.
    """
    vectors, kept = [], []
    for path, text in zip(paths, texts, strict=True):
        try:
            vectors.append(embed_recording(path, embedder))
            kept.append(text)
        except AudioError as error:
            problem(error)
        advance()
    if not kept:
        raise BadInput("none of the recordings can be read")
    distinct = sorted(set(kept))
    of_texts = embedder.embed_text(distinct)
    own = [distinct.index(text) for text in kept]
    cosines = np.stack(vectors) @ of_texts.T
    true = cosines[np.arange(len(own)), own]
    found: dict = {"recordings": len(kept), "clap_score": mean_estimate(true, RESAMPLES, SEED, own)}
    if len(distinct) > 1:
        alike = mean_cosine(of_texts)
        if not alike <= MOST_ALIKE:
            raise RepriseError(
                f"{embedder.name}: {len(distinct)} different texts have the mean cosine {alike:.4g}, above "
                f"{MOST_ALIKE}: it can't tell them apart, so a score means nothing. Their words mean nothing to it, or "
                "its text tower isn't trained, or not loaded whole"
            )
        shuffled = (cosines.sum(axis=1) - true) / (len(distinct) - 1)
        found["shuffled"] = mean_estimate(shuffled, RESAMPLES, SEED, own)
        found["difference"] = mean_estimate(true - shuffled, RESAMPLES, SEED, own)
        found["text_cosine"] = rounded(alike)
    return found
