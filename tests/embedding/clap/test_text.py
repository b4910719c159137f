"""Words as frozen vectors, what they speak for, and texts that are put together from them."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_clap import TOWERS, tiny_clap

from reprise.clips.descriptions.wordings import WORDINGS
from reprise.embedding.clap import minilm
from reprise.embedding.clap.minilm import VECTOR, WIDTH, word_vector
from reprise.embedding.clap.text import MOST_WORDS, TextTower, collate_texts, words_of
from reprise.errors import BadInput


@pytest.fixture(scope="module")
def tower():
    torch.manual_seed(0)
    tower = TextTower(TOWERS)
    tower.learn_words({said: words.seen for said, words in WORDINGS.items()})
    return tower.eval()


def cosine(one, other):
    return float(torch.cosine_similarity(word_vector(one)[-WIDTH:], word_vector(other)[-WIDTH:], dim=0))


def test_the_encoder_is_that_of_the_reference():
    """As transformers reads the same file."""
    transformers = pytest.importorskip("transformers")
    reference = transformers.AutoModel.from_pretrained(minilm.weights_file().parent).eval()
    tokenizer, network = minilm._minilm()
    pieces = torch.tensor([tokenizer.encode("a slow, dark piece for a drawbar organ").ids])
    with torch.inference_mode():
        expected = reference(input_ids=pieces, output_hidden_states=True).hidden_states
        for ours, theirs in zip(network(pieces), expected, strict=True):
            assert ours.numpy() == pytest.approx(theirs.numpy(), abs=1e-5)


def test_words_that_mean_nearly_the_same_have_vectors_beside_each_other():
    assert word_vector("violin").shape == (VECTOR,)
    assert cosine("violin", "cello") > cosine("violin", "fast") and cosine("fast", "quick") > cosine("fast", "violin")


def test_a_text_as_words_and_marks():
    assert words_of("A slow-moving, d'amore piece: Größe 8!") == [
        *("a", "slow-moving", ",", "d'amore", "piece", ":", "größe", "8", "!")
    ]
    assert words_of("") == words_of(" -- ") == ["."] and len(words_of("word " * 500)) == MOST_WORDS
    batch = collate_texts(["a violin", "a slow violin", "x" * 5000])
    assert batch.places.tolist() == [[0, 1, 0], [0, 2, 1], [3, 0, 0]] and batch.lengths.tolist() == [2, 3, 1]
    assert batch.vectors.isfinite().all()


def test_words_of_training_speak_for_what_they_say(tower):
    said = list(WORDINGS)
    right = []
    for place, own in enumerate(WORDINGS.values()):
        for phrase in own.seen:
            vectors = torch.stack([word_vector(word) for word in words_of(phrase)]).mean(dim=0)
            right.append(int(((vectors - tower.mean) @ tower.evidence).argmax()) == place)
    assert len(right) > 5 * len(said) and np.mean(right) > 0.8


def test_a_text_has_the_same_vector_beside_longer_ones(tower):
    texts = ["loud", "", "a slow, dark piece for a trumpet and an organ, not loud"]
    with torch.inference_mode():
        together, alone = tower(collate_texts(texts)), torch.cat([tower(collate_texts([text])) for text in texts])
    assert alone.numpy() == pytest.approx(together.numpy(), abs=1e-6)


def test_what_is_frozen_is_not_saved_again(tmp_path):
    """90 MB that the package has already."""
    tiny_clap(tmp_path)
    assert (tmp_path / "weights.safetensors").stat().st_size < 2e6
    assert "text.evidence" in load_file(tmp_path / "weights.safetensors")


def test_a_harmed_package_is_refused(monkeypatch):
    monkeypatch.setattr(minilm, "SHA256", "0" * 64)
    with pytest.raises(BadInput, match="install the package again"):
        minilm.weights_file()
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    with pytest.raises(BadInput, match="package no-such-package is missing"):
        minilm.weights_file()
