"""Between two phrases: the ends are the phrases' own latents, and nothing but the latent changes on the way."""

import numpy as np
import pytest
from tiny_model import chorale, make_tiny_model

from reprise.composition.sampling import phrases
from reprise.composition.sampling.phrases import interpolate, phrase_latent
from reprise.composition.sampling.rules import SamplingRules
from reprise.errors import BadInput


@pytest.fixture(scope="module")
def vae():
    return make_tiny_model("vae")


def test_latents_move_on_a_straight_line(vae, monkeypatch):
    seen = []

    def watched(model, encoding, jobs, index):
        seen.extend(job.conditions[0] for job in jobs)
        return [np.zeros((0, len(encoding.shape.fields)), np.int64) for _ in jobs]

    monkeypatch.setattr(phrases, "sample", watched)
    first, second = chorale(1), chorale(2)
    interpolate(vae, first, second, 5, SamplingRules(), (1,))
    np.testing.assert_allclose(seen[0], phrase_latent(vae, first))
    np.testing.assert_allclose(seen[4], phrase_latent(vae, second))
    np.testing.assert_allclose(np.diff(seen, axis=0), np.tile((seen[4] - seen[0]) / 4, (4, 1)), atol=1e-6)


def test_a_phrase_between_is_as_long_as_a_phrase(vae):
    pieces = interpolate(vae, chorale(1), chorale(2), 3, SamplingRules(), (1,))
    assert len(pieces) == 3
    assert all(len(piece.notes) and piece.notes["onset"].max() < vae.network.phrase_bars * 4 for piece in pieces)


def test_from_a_phrase_to_itself_nothing_changes(vae):
    pieces = interpolate(vae, chorale(1), chorale(1), 3, SamplingRules(), (1,))
    assert all(np.array_equal(piece.notes, pieces[0].notes) for piece in pieces)


def test_a_model_without_latents_and_too_few_steps_are_refused(vae):
    with pytest.raises(BadInput, match="lstm: has no latents"):
        phrase_latent(make_tiny_model("lstm"), chorale(1))
    with pytest.raises(BadInput, match="steps: is 1"):
        interpolate(vae, chorale(1), chorale(2), 1, SamplingRules(), (1,))
