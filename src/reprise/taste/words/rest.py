"""What an embedder makes of the words of a text that no rule obeys: the poles of axes that they lie nearest to.

The small CLAP has a vector for whatever is written, for a name and for nonsense too, and any vector lies near some
pole. So it is asked about an axis only where a word lies near one that it learnt for it (`familiarity`). How well that
tells them apart is measured by `benchmarks/taste/unknown_words.py`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.clap.minilm import word_vector
from reprise.embedding.clap.model import SmallClap
from reprise.embedding.clap.text import words_of
from reprise.embedding.embedder import Embedder
from reprise.taste.words.lexicon import ARTICULATION, DISSONANCE, LOUDNESS, MODE, REGISTER, TEMPO

# Poles that an embedder may find in a text, each as the phrase that is compared with it.
PHRASES = {
    TEMPO: (("slow music", 60.0), ("fast music", 130.0)),
    REGISTER: (("low music", "low"), ("high music", "high")),
    ARTICULATION: (("staccato music", "low"), ("legato music", "high")),
    DISSONANCE: (("consonant music", "low"), ("dissonant music", "high")),
    MODE: (("minor music", "minor"), ("major music", "major")),
    LOUDNESS: (("quiet music", "low"), ("loud music", "high")),
}
SURE = 0.25  # how much nearer than its opposite a phrase must be, as a cosine
FAMILIAR = 0.35  # the least familiarity of words that say something of an axis

# By which names the small CLAP learnt these axes.
LEARNT = {
    TEMPO: "onset_rate",
    REGISTER: "mean_pitch",
    ARTICULATION: "articulation",
    DISSONANCE: "dissonance",
    MODE: "mode",
    LOUDNESS: "loudness",
}
# Words that are said of anything.
_COMMON = re.compile(
    "a|about|all|an|and|are|as|at|be|been|but|by|can|do|for|from|had|has|have|her|his|how|i|if|in|is|it|its|key|like"
    "|make|me|more|music|my|no|not|notes?|of|on|one|or|our|pace|piece|please|she|so|some|song|than|that|the|their|them"
    "|then|there|these|they|this|time|to|tone|tune|up|very|was|we|were|what|when|which|who|will|with|you|your"
)


def poles(rest: str, axes: Sequence[str], embedder: Embedder) -> Iterator[tuple[str, object, str]]:
    """Those of `axes` of which the embedder finds a pole in `rest`, in lower case: axis, value, and what says so."""
    words = " ".join(word for word in rest.split() if word.isascii())  # it knows English alone, and no numbers
    words = " ".join(re.sub(r"[^a-z\s,'-]+", " ", words).split()).strip(" ,-")
    if words and axes and isinstance(embedder, SmallClap):
        near = familiarity(words)
        axes = [name for name in axes if near[name] >= FAMILIAR]
    if not words or not axes:
        return
    vectors = embedder.embed_text([words, *(phrase for name in axes for phrase, _ in PHRASES[name])])
    for name, (low, high) in zip(axes, (vectors[1:] @ vectors[0]).reshape(len(axes), 2)):
        if abs(high - low) >= SURE:
            phrase, value = PHRASES[name][int(np.argmax((low, high)))]
            yield name, value, f"'{words}', nearest to '{phrase}' for {embedder.name}"


def familiarity(text: str) -> dict[str, float]:
    """How near the best known word of a text lies to one that the small CLAP learnt for each axis of `PHRASES`: the
    greatest cosine of MiniLM's vectors, less the mean of the learnt ones; 0 where a text has nothing but common words.
    """
    words = _telling(text)
    if not words:
        return dict.fromkeys(PHRASES, 0.0)
    learnt, mean = _learnt()
    vectors = nn.functional.normalize(torch.stack(list(map(word_vector, words))) - mean, dim=1)
    return {name: float((vectors @ own.T).max()) for name, own in learnt.items()}


def _telling(text: str) -> list[str]:
    return [word for word in words_of(text) if re.search("[a-z]", word) and not _COMMON.fullmatch(word)]


@lru_cache(maxsize=1)
def _learnt() -> tuple[dict[str, Tensor], Tensor]:
    """The words learnt for each axis, float32[W, VECTOR], of length one, less the mean of all, and that."""
    words = {
        name: sorted(
            {
                word
                for (axis, _), own in WORDINGS.items()
                for phrase in own.seen
                for word in _telling(phrase)
                if axis == learnt
            }
        )
        for name, learnt in LEARNT.items()
    }
    mean = torch.stack([word_vector(word) for word in sorted(set().union(*words.values()))]).mean(dim=0)
    vectors = {name: torch.stack(list(map(word_vector, own))) - mean for name, own in words.items()}
    return {name: nn.functional.normalize(own, dim=1) for name, own in vectors.items()}, mean
