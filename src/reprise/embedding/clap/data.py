"""Clips as three-way data: the spectrogram of each, its notes, and which statements are true of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reprise.audio.spectrogram import SpectrogramParams
from reprise.clips.corpus import read_manifest, read_midi_of
from reprise.clips.descriptions.store import Descriptions, load_descriptions
from reprise.clips.spectrograms import MIXES, RECOGNIZER
from reprise.embedding.clap.notes import NoteSet, note_set
from reprise.errors import ShardError
from reprise.music.piece import Piece
from reprise.music.readers.midi import read_midi
from reprise.recognition.data import load_set


@dataclass(frozen=True)
class ClapSet:
    """N clips of one set.

    Attributes:
        spectrograms: float16[N, M, T] in dB, memory-mapped. pieces: their notes.
        described: what is true of them. labels: 0/1 of each instrument, float32[N, K].
    """

    spectrograms: np.ndarray
    pieces: list[Piece]
    described: Descriptions
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.pieces)

    def note_sets(self, window_s: float) -> list[NoteSet]:
        """The notes of each clip, as the notes tower reads them."""
        return [note_set(piece, 0, window_s) for piece in self.pieces]


def load_clap_set(clips: Path, name: str, spectrogram: SpectrogramParams) -> ClapSet:
    """The set `name` below `clips`, the folder of all that stages have made of the clips.

    Raises:
        ShardError, MidiError: something is missing or damaged, or of another run.
    """
    part = MIXES if name == "train" else RECOGNIZER
    data = load_set(clips / "spectrograms" / part, name, spectrogram)
    described = load_descriptions(clips / "descriptions.parquet", name)
    if not np.array_equal(data.clips, described.clips):
        raise ShardError(f"{clips}: spectrograms and descriptions of {name} are of other clips; run ./run")
    pieces = load_pieces(clips / "midi", clips / "manifest.parquet", data.clips)
    return ClapSet(data.arrays, pieces, described, data.labels)


def load_pieces(midi: Path, manifest_path: Path, clips: np.ndarray) -> list[Piece]:
    """The pieces of these clips, in their order."""
    manifest: pd.DataFrame = read_manifest(manifest_path).set_index("clip", drop=False)
    content = read_midi_of(midi, manifest.loc[clips])
    return [read_midi(content[clip], f"{midi}: clip {clip}") for clip in clips.tolist()]
