"""The small CLAP: three towers on the recognizer's backbone, and how it is saved, loaded and asked."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.checked import checked
from reprise.clips.descriptions.assertions import STATEMENTS
from reprise.embedding.clap.notes import collate_notes, note_set
from reprise.embedding.clap.text import TextTower, collate_texts
from reprise.embedding.clap.towers import AudioTower, NotesTower, TowerParams
from reprise.embedding.embedder import mean_of_windows, windows
from reprise.learning.weights import WEIGHTS, load_network
from reprise.music.piece import Piece
from reprise.recognition.model import NetworkParams, Recognizer

TOGETHER = 64  # items that are embedded in one go


@checked
class ClapConfig:
    """All that inference needs beside the weights."""

    towers: TowerParams
    network: NetworkParams
    spectrogram: SpectrogramParams
    sample_rate: int
    window_s: float
    instruments: int


class Clap(nn.Module):
    """The recognizer's backbone, the towers, and the scale and bias that make similarities logits (Zhai et al., Sigmoid
    loss for language image pre-training, ICCV 2023, sec. 3.2). In training each statement has an anchor in the space, a
    direction at right angles to the others', along which lies what it is true of and what says it.
    """

    anchors: Tensor

    def __init__(self, config: ClapConfig) -> None:
        super().__init__()
        bands = config.spectrogram.n_mels
        self.backbone = Recognizer(config.network, bands, config.instruments)
        self.audio = AudioTower(config.towers, _feature_channels(self.backbone, bands), bands)
        self.notes = NotesTower(config.towers)
        self.text = TextTower(config.towers)
        self.log_scale = nn.Parameter(torch.tensor(10.0).log())
        self.bias = nn.Parameter(torch.tensor(-2.0))
        self.register_buffer("anchors", nn.init.orthogonal_(torch.empty(len(STATEMENTS), config.towers.size)))
        self.anchor_bias = nn.Parameter(torch.zeros(len(STATEMENTS)))
        self.log_scale_anchors = nn.Parameter(torch.tensor(15.0).log())
        self.log_scale_pairs = nn.Parameter(torch.tensor(10.0).log())

    def features(self, spectrograms: Tensor) -> Tensor:
        """What the audio tower reads of the backbone: patches and, beside them, the head above them, float[B, C, S]."""
        return backbone_features(self.backbone, spectrograms)

    def logits(self, texts: Tensor, others: Tensor) -> Tensor:
        """float[texts, others] of vectors: above 0 where a text is rather true of a sound or of notes."""
        return self.log_scale.exp() * texts @ others.T + self.bias

    def statement_logits(self, vectors: Tensor) -> Tensor:
        """float[vectors, statements]: above 0 where a statement is rather true of a vector's clip, or said by its
        text.
        """
        return self.log_scale_anchors.exp() * vectors @ self.anchors.T + self.anchor_bias


def backbone_features(backbone: Recognizer, spectrograms: Tensor) -> Tensor:
    """See `Clap.features`."""
    patches = backbone.patches(spectrograms)
    return torch.cat([patches, backbone.head(patches)], dim=1)


@torch.inference_mode()
def _feature_channels(backbone: Recognizer, bands: int) -> int:
    training = backbone.training
    channels = backbone_features(backbone.eval(), torch.zeros(1, bands, 4)).shape[1]
    backbone.train(training)
    return channels


class SmallClap:
    """The embedder that the pipeline trains; see `embedder.Embedder`."""

    name = "small CLAP"

    def __init__(self, folder: Path) -> None:
        """The embedder saved in `folder`.

        Raises:
            BadInput: a file is missing or damaged, or weights and config don't belong together.
        """
        self.model, self.config = load_network(folder, "CLAP", ClapConfig, Clap)
        self.checkpoint_sha256 = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
        self.sample_rate, self.window_s = self.config.sample_rate, self.config.window_s

    def embed_audio(self, sounds: Sequence[np.ndarray]) -> np.ndarray:
        """float32[N, E] of mono sounds at `sample_rate`."""
        size = round(self.window_s * self.sample_rate)
        cut = [windows(np.asarray(samples, np.float32), size) for samples in sounds]
        spectrogram = self.config.spectrogram
        mels = [log_mel(window, self.sample_rate, spectrogram) for own in cut for window in own]
        return self.embed_spectrograms(np.stack(mels), np.repeat(np.arange(len(cut)), [len(own) for own in cut]))

    @torch.inference_mode()
    def embed_spectrograms(self, spectrograms: np.ndarray, owner: np.ndarray | None = None) -> np.ndarray:
        """float32[N, E] of windows in dB, float[W, M, T]; `owner` tells whose each is, int[W], each alone if left
        out.
        """
        owner = np.arange(len(spectrograms)) if owner is None else owner
        vectors = []
        for start in range(0, len(spectrograms), TOGETHER):
            mel = torch.from_numpy(spectrograms[start : start + TOGETHER].astype(np.float32))
            vectors.append(self.model.audio(self.model.features(mel), mel).numpy())
        return mean_of_windows(np.concatenate(vectors), owner, int(owner.max()) + 1)

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> np.ndarray:
        """float32[N, E]."""
        ordered = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        vectors = np.zeros((len(texts), self.config.towers.size), np.float32)
        for start in range(0, len(texts), TOGETHER):
            own = ordered[start : start + TOGETHER]
            vectors[own] = self.model.text(collate_texts([texts[place] for place in own])).numpy()
        return vectors

    @torch.inference_mode()
    def embed_notes(self, pieces: Sequence[Piece]) -> np.ndarray:
        """float32[N, E]; a window without a note that begins in it is left out."""
        sets, owner = [], []
        for item, piece in enumerate(pieces):
            count = max(int(np.ceil(piece.duration_s / self.window_s - 1e-9)), 1)
            cut = [note_set(piece, place * self.window_s, self.window_s) for place in range(count)]
            kept = [own for own in cut if len(own)] or cut[:1]
            sets += kept
            owner += [item] * len(kept)
        vectors = [
            self.model.notes(collate_notes(sets[start : start + TOGETHER])).numpy()
            for start in range(0, len(sets), TOGETHER)
        ]
        return mean_of_windows(np.concatenate(vectors), np.array(owner), len(pieces))
