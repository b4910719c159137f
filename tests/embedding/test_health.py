"""The health check: what an untrained, a half-loaded, a fickle and a constant embedder give away."""

import numpy as np
import pytest
from tiny_clap import tiny_clap

from reprise.embedding.health import health, require_health
from reprise.errors import RepriseError

RATE, ITEMS = 1000, 16
SOUNDS = [np.full(50, 0.01 * (item + 1), np.float32) for item in range(ITEMS)]
TEXTS = [f"text {item}" for item in range(ITEMS)]
TRUTH = np.where(np.arange(ITEMS) % 4 == np.arange(ITEMS)[:, None] % 4, 1, 0)
KINDS = np.random.default_rng(0).normal(size=(4, 32))


class Ideal:
    """Knows which of four kinds a sound or a text is of."""

    name, checkpoint_sha256, sample_rate, window_s = "ideal", "", RATE, 1.0

    def vectors(self, items: list[int], seed: int) -> np.ndarray:
        own = [np.random.default_rng([seed, item]).normal(size=32) for item in items]
        found = np.stack([KINDS[item % 4] + 0.5 * noise for item, noise in zip(items, own)])
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    def embed_audio(self, sounds):
        return self.vectors([round(float(np.abs(sound).max()) * 100) - 1 if sound.any() else 0 for sound in sounds], 1)

    def embed_text(self, texts):
        return self.vectors([int(text.split()[1]) for text in texts], 2)


class Untrained(Ideal):
    def embed_audio(self, sounds):
        found = np.stack([np.random.default_rng(int(1e4 * np.abs(sound).max())).normal(size=32) for sound in sounds])
        return found / np.linalg.norm(found, axis=1, keepdims=True)


class OneText(Ideal):
    def embed_text(self, texts):
        return np.tile(super().embed_text(["text 0"]), (len(texts), 1))


class OneSound(Ideal):
    def embed_audio(self, sounds):
        return np.tile(super().embed_audio([SOUNDS[0]]), (len(sounds), 1))


class Fickle(Ideal):
    calls = 0

    def embed_audio(self, sounds):
        self.calls += 1
        return super().embed_audio(sounds) + 0.01 * self.calls


class Sociable(Ideal):
    """Its vectors depend on their batch mates."""

    def embed_audio(self, sounds):
        found = super().embed_audio(sounds)
        return found - 0.1 * found.mean(axis=0)


class AfraidOfSilence(Ideal):
    def embed_audio(self, sounds):
        found = super().embed_audio(sounds)
        found[[not sound.any() for sound in sounds]] = np.nan
        return found


def test_a_sound_embedder_passes():
    require_health("ideal", health(Ideal(), SOUNDS, TEXTS, TRUTH))


@pytest.mark.parametrize(
    ("embedder", "figure"),
    [
        (Untrained, "agreement"),
        (OneText, "text cosine is 1"),
        (OneSound, "sound cosine is 1"),
        (Fickle, "repeat difference"),
        (Sociable, "batch difference"),
        (AfraidOfSilence, "silence is finite is 0"),
    ],
)
def test_a_faulty_one_is_refused_with_the_figure_that_failed(embedder, figure):
    with pytest.raises(RepriseError, match=f"{embedder.__name__}: fails the health check: {figure}.*not loaded whole"):
        require_health(embedder.__name__, health(embedder(), SOUNDS, TEXTS, TRUTH))


def test_truth_that_is_undecided_does_not_count():
    undecided = np.where(TRUTH == 0, -1, TRUTH)
    undecided[:, :4] = TRUTH[:, :4]
    assert health(Ideal(), SOUNDS, TEXTS, undecided)["agreement"] > 0.9


def test_an_untrained_small_clap_is_refused(tmp_path):
    embedder = tiny_clap(tmp_path)
    rng = np.random.default_rng(0)
    sounds = [rng.normal(0, 0.1, 22050).astype(np.float32) for _ in range(ITEMS)]
    with pytest.raises(RepriseError, match="small CLAP: fails the health check"):
        require_health(embedder.name, health(embedder, sounds, TEXTS, TRUTH))
