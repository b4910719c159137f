"""LAION-CLAP as an embedder: windows of 10 s at 48 kHz, heard one by one, so that nothing beside one changes it.

LAION's own code draws a random crop of a longer sound, and transformers' marks a random member of a batch as longer.
Here a sound is cut into windows that don't overlap, and no window is marked.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from transformers import ClapFeatureExtractor, ClapModel, PreTrainedTokenizerBase

from reprise.embedding.embedder import mean_of_windows

SAMPLE_RATE, WINDOW_S = 48_000, 10
MOST_PIECES = 77  # of a text; what follows is cut off, as in LAION's training
# Of the spectrograms on which LAION trained; fused networks also have another filter bank, which `truncation` chooses.
SPECTROGRAM = {
    "sampling_rate": SAMPLE_RATE,
    "max_length_s": WINDOW_S,
    "feature_size": 64,
    "fft_window_size": 1024,
    "hop_length": 480,
    "frequency_min": 50,
    "frequency_max": 14_000,
}
TOGETHER = 32  # texts that are embedded in one go


class Checkpoint(NamedTuple):
    """Where weights come from: a name for people, and the sha256 of their file."""

    name: str
    sha256: str


class LaionClap:
    """A LAION-CLAP; see `embedder.Embedder`."""

    sample_rate, window_s = SAMPLE_RATE, float(WINDOW_S)

    def __init__(self, model: ClapModel, tokenizer: PreTrainedTokenizerBase, checkpoint: Checkpoint) -> None:
        """Around a model in evaluation mode and the tokenizer that belongs to it."""
        self.model, self.tokenizer = model, tokenizer
        self.name, self.checkpoint_sha256 = checkpoint
        fused = model.config.audio_config.enable_fusion
        self.extractor = ClapFeatureExtractor(**SPECTROGRAM, truncation="fusion" if fused else "rand_trunc")

    @torch.inference_mode()
    def embed_audio(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """float32[N, E] of mono sounds at 48 kHz. What is shorter than a window, such as the end of a sound, is
        repeated until it nearly fills one, as in LAION's training.
        """
        size = SAMPLE_RATE * WINDOW_S
        vectors, owner = [], []
        for item, samples in enumerate(sounds):
            for start in range(0, max(len(samples), 1), size):
                window = np.asarray(samples[start : start + size], np.float32)
                features = self.extractor(
                    [window if len(window) else np.zeros(1)], sampling_rate=SAMPLE_RATE, return_tensors="pt"
                )
                found = self.model.get_audio_features(
                    features["input_features"].float(), is_longer=torch.zeros(1, 1, dtype=torch.bool)
                )
                vectors.append(found.pooler_output.numpy())
                owner.append(item)
        return mean_of_windows(np.concatenate(vectors), np.array(owner), len(sounds))

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> np.ndarray:
        """float32[N, E]."""
        vectors = []
        for start in range(0, len(texts), TOGETHER):
            pieces = self.tokenizer(
                list(texts[start : start + TOGETHER]),
                padding=True,
                truncation=True,
                max_length=MOST_PIECES,
                return_tensors="pt",
            )
            found = self.model.get_text_features(pieces["input_ids"], attention_mask=pieces["attention_mask"])
            vectors.append(found.pooler_output.numpy())
        return np.concatenate(vectors)
