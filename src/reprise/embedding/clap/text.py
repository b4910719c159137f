"""The text tower: what each word speaks for, and how a text puts its words together.

What a word speaks for, its *evidence*, is a ridge regression from word vectors to the assertions whose words training
has. It is solved once, before training, and stays: trained further it would fit the words of training and no others.
A small GRU learns from captions what in a text counts, what is denied, and the rest.

Shapes: B texts, N words of the longest, V distinct words, D numbers of a word vector, A assertions, W the width, E the
size of the space.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.clap.minilm import VECTOR, word_vector
from reprise.embedding.clap.towers import TowerParams

MOST_WORDS = 64  # of a text; what follows is left out
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*|[,.:;!?]")
RIDGE = 1.0  # penalty, of phrases whose vectors have a mean square length of one


class WordBatch(NamedTuple):
    """Texts as tensors: vectors of the distinct words, float32[V, D], which word stands where, int64[B, N] (0 past the
    end), and how many a text has, int64[B].
    """

    vectors: Tensor
    places: Tensor
    lengths: Tensor


def words_of(text: str) -> list[str]:
    """Words and marks of punctuation; a text with none is a full stop."""
    return WORD.findall(text.lower())[:MOST_WORDS] or ["."]


def collate_texts(texts: Sequence[str]) -> WordBatch:
    """Texts, one or more, as one batch."""
    found = [words_of(text) for text in texts]
    place = {word: place for place, word in enumerate(dict.fromkeys(word for own in found for word in own))}
    rows = [torch.tensor([place[word] for word in own]) for own in found]
    places = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return WordBatch(torch.stack(list(map(word_vector, place))), places, torch.tensor([len(own) for own in found]))


class TextTower(nn.Module):
    """A gated sum over words: of their evidence, and of what a GRU makes of them in the text."""

    mean: Tensor
    spread: Tensor
    evidence: Tensor

    def __init__(self, params: TowerParams) -> None:
        super().__init__()
        width, self.noise = params.text_width, params.word_noise
        self.register_buffer("mean", torch.zeros(VECTOR))
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("evidence", torch.zeros(VECTOR, len(WORDINGS)))
        self.read, self.read_evidence = nn.Linear(VECTOR, width), nn.Linear(len(WORDINGS), width)
        self.text = nn.GRU(width, width, bidirectional=True, batch_first=True)
        self.gate, self.polarity = nn.Linear(2 * width, 1), nn.Linear(2 * width, 1)
        nn.init.ones_(self.polarity.bias)  # at first nothing is denied
        self.of_evidence, self.of_text = nn.Linear(len(WORDINGS), params.size), nn.Linear(2 * width, params.size)
        self.centre = nn.BatchNorm1d(params.size, affine=False)  # see `towers._projection`

    def learn_words(self, phrases: Mapping[tuple[str, str], Sequence[str]]) -> None:
        """Solve the regression for the phrases of each assertion of `WORDINGS`."""
        words = [words_of(phrase) for own in phrases.values() for phrase in own]
        vocabulary = torch.stack([word_vector(word) for word in sorted({word for own in words for word in own})])
        self.mean.copy_(vocabulary.mean(dim=0))
        self.spread.copy_((vocabulary - self.mean).square().mean().sqrt())
        x = torch.stack([torch.stack(list(map(word_vector, own))).mean(dim=0) for own in words]).double()
        x = x - x.mean(dim=0)
        x = x / x.square().sum(dim=1).mean().sqrt()
        y = torch.eye(len(phrases)).double().repeat_interleave(torch.tensor(list(map(len, phrases.values()))), dim=0)
        y = y - y.mean(dim=0)
        solved = x.T @ torch.linalg.solve(x @ x.T + RIDGE * torch.eye(len(x)), y)
        self.evidence.copy_(solved / (x @ solved).std())

    def forward(self, words: WordBatch) -> Tensor:
        """float[B, E]."""
        vectors = (words.vectors - self.mean) / self.spread
        evidence = vectors @ self.evidence / vectors.shape[1] ** 0.5  # [V, A]
        if self.training:  # words near a known one are to mean what it does
            vectors = vectors + self.noise * torch.randn_like(vectors)
        known = self.read(vectors) + self.read_evidence(evidence)  # [V, W]
        lengths = words.lengths.cpu()
        packed = nn.utils.rnn.pack_padded_sequence(known[words.places], lengths, True, enforce_sorted=False)
        in_text, _ = nn.utils.rnn.pad_packed_sequence(self.text(packed)[0], True)  # [B, N, 2 W]
        there = torch.arange(in_text.shape[1], device=in_text.device) < words.lengths[:, None]
        counts = self.gate(in_text).sigmoid() * self.polarity(in_text).tanh() * there[..., None]
        said = self.of_evidence(evidence)[words.places] + self.of_text(in_text)
        return nn.functional.normalize(self.centre((counts * said).sum(dim=1)), dim=1)
