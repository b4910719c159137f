"""What notes a transcriber trained elsewhere hears in music: register, onset rate and articulation, by label.

It serves for sound without notes, such as MusicGen's. The transcriber is Basic Pitch (Bittner et al., A lightweight
instrument-agnostic model for polyphonic note transcription and multipitch estimation, ICASSP 2022; Apache-2.0), run by
onnxruntime. First it is judged itself, on pieces of random register, pace and articulation, played here: how well does
what it hears follow what was played (Spearman's rank correlation)? Then it hears recordings, whose labels are the
folders that they lie in:

    pip install --no-deps --target .reprise/benchmarks basic-pitch==0.4.0 onnxruntime==1.32.0
    python -m benchmarks.taste.heard_notes               # the transcriber alone
    python -m benchmarks.taste.heard_notes FOLDER        # and FOLDER/sweet/1.wav, FOLDER/sour/1.wav, ...
"""

import argparse
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.signal import argrelmax
from scipy.stats import spearmanr

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from benchmarks.taste.labelled import (
    RESAMPLES,
    SEED,
    against_table,
    by_label,
    read_labelled,
    show_against_table,
    show_by_label,
)
from reprise.audio.fonts import FONTS, locate
from reprise.audio.play import play_piece
from reprise.errors import BadInput
from reprise.learning.bootstrap import estimate, with_interval
from reprise.music.piece import Piece, note_table

PACKAGES = Path(".reprise/benchmarks")
HOW = "pip install --no-deps --target .reprise/benchmarks basic-pitch==0.4.0 onnxruntime==1.32.0"
NETWORK = Path("basic_pitch/saved_models/icassp_2022/nmp.onnx")
SHA256 = "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec"
INPUT, NOTE, ONSET = "serving_default_input_2:0", "StatefulPartitionedCall:1", "StatefulPartitionedCall:2"
SAMPLE_RATE, HOP, WINDOW = 22_050, 256, 43_844
OVERLAP = 30  # frames of two windows, of which each keeps half
STEP = WINDOW - OVERLAP * HOP
LOWEST = 21  # MIDI pitch of the first of 88
ONSET_LEVEL, NOTE_LEVEL, GAP, SHORTEST = 0.5, 0.3, 11, 3  # the package's own, but for the shortest note; in frames
TOGETHER_S = 0.05  # onsets so near are one
MEASURES = ("mean_pitch", "onset_rate", "articulation")
FONT = "FluidR3_GM"
PROGRAMS = (0, 6, 24, 40, 42, 46, 68, 73)  # piano, harpsichord, guitar, violin, cello, harp, oboe, flute
SOUND_S = 10.0


class Transcriber:
    """Basic Pitch from the packages in a folder.

    Raises:
        BadInput: its network isn't there, or isn't that of 0.4.0.
    """

    def __init__(self, packages: Path) -> None:
        path = packages / NETWORK
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
            raise BadInput(f"{path}: isn't the network of basic-pitch 0.4.0; {HOW}")
        sys.path.append(str(packages))
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def hear(self, sound: np.ndarray) -> np.ndarray:
        """The notes of a sound at 22,050 Hz: float[N, 3], onset and end in seconds, MIDI pitch, in order of onsets."""
        padded = np.concatenate([np.zeros(OVERLAP // 2 * HOP, np.float32), sound, np.zeros(WINDOW, np.float32)])
        starts = np.arange(0, len(sound), STEP)
        windows = np.stack([padded[start : start + WINDOW] for start in starts])[..., None]
        kept = slice(OVERLAP // 2, -(OVERLAP // 2))
        notes, onsets = (part[:, kept] for part in self.session.run([NOTE, ONSET], {INPUT: windows}))
        times = (starts[:, None] + np.arange(notes.shape[1]) * HOP).ravel() / SAMPLE_RATE
        return notes_of(np.concatenate(notes), np.concatenate(onsets), times)


def notes_of(levels: np.ndarray, onsets: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Notes from how likely each frame holds and begins each pitch, float[T, 88] both, and the frames' times, float[T].

    From each onset on, the last one first, to where a pitch stays away for `GAP` frames; as in the package's
    `note_creation.py`, without its search for notes that have no onset.
    """
    left = np.where(levels < NOTE_LEVEL, 0, levels)
    found = []
    frames, pitches = argrelmax(onsets, axis=0)
    for start, pitch in sorted(zip(frames.tolist(), pitches.tolist()), reverse=True):
        if onsets[start, pitch] >= ONSET_LEVEL:
            sounding = np.flatnonzero(left[start + 1 :, pitch]) + 1
            silences = np.flatnonzero(np.diff(sounding, prepend=0) > GAP)
            sounding = sounding[: silences[0]] if len(silences) else sounding
            length = int(sounding[-1]) + 1 if len(sounding) else 0
            if length > SHORTEST:
                left[start : start + length, max(pitch - 1, 0) : pitch + 2] = 0
                found.append((times[start], times[start + length - 1], pitch + LOWEST))
    return np.array(found[::-1]).reshape(-1, 3)


def measure(notes: np.ndarray, duration_s: float) -> dict[str, float]:
    """The mean pitch of notes, float[N, 3], their onsets a second, and the median share of the time to the next onset
    for which notes sound, at most 1; nan where there are too few.
    """
    if not len(notes):
        return {"mean_pitch": np.nan, "onset_rate": 0.0, "articulation": np.nan}
    begins = np.diff(notes[:, 0], prepend=-1) > TOGETHER_S
    after = np.append(notes[begins, 0], np.nan)[begins.cumsum()]  # the next onset, for each note
    shares = np.minimum((notes[:, 1] - notes[:, 0]) / (after - notes[:, 0]), 1)
    return {
        "mean_pitch": float(notes[:, 2].mean()),
        "onset_rate": float(begins.sum() / duration_s),
        "articulation": float(np.nanmedian(shares)) if np.isfinite(shares).any() else np.nan,
    }


def measure_sounds(transcriber: Transcriber, sounds: Iterable[tuple[str, np.ndarray]]) -> pd.DataFrame:
    """A row for each named sound, a column a measure."""
    return pd.DataFrame({name: measure(transcriber.hear(sound), len(sound) / SAMPLE_RATE) for name, sound in sounds}).T


def known_piece(number: int) -> Piece:
    """A tune and a lower part in random notes, of a random register, pace and articulation."""
    rng = np.random.default_rng([SEED, number])
    low, step, share = int(rng.integers(45, 80)), 1 / rng.uniform(1, 6), rng.uniform(0.2, 1)
    rows = []
    for onset in np.arange(0, SOUND_S - step, step):
        pitches = {low + int(rng.integers(13)), low - 12 + int(rng.integers(8))}
        rows += [(onset, share * step, pitch, 90, 0) for pitch in pitches]
    return Piece(note_table(rows), 60, (PROGRAMS[number % len(PROGRAMS)],))  # a beat a second


def judge_the_transcriber(transcriber: Transcriber, count: int) -> dict[str, dict]:
    """The rank correlation of what is heard and what was played, over `count` pieces."""
    pieces, font = [known_piece(number) for number in range(count)], locate(FONTS[FONT])

    def sounds() -> Iterator[tuple[str, np.ndarray]]:
        for number, piece in enumerate(pieces):
            yield str(number), play_piece(piece, font, SAMPLE_RATE)[: round(SOUND_S * SAMPLE_RATE)]

    heard = measure_sounds(transcriber, sounds())
    played = pd.DataFrame([measure(_as_heard(piece.notes), SOUND_S) for piece in pieces])
    return {name: rank_correlation(heard[name].to_numpy(), played[name].to_numpy()) for name in MEASURES}


def _as_heard(notes: Any) -> np.ndarray:
    """A note table, a beat a second, as a transcriber gives it."""
    return np.stack([notes["onset"], notes["onset"] + notes["duration"], notes["pitch"]], axis=1)


def rank_correlation(heard: np.ndarray, played: np.ndarray) -> dict[str, float]:
    """Spearman's, an estimate; pieces in which nothing was heard are left out."""
    defined = np.isfinite(heard)
    heard, played = heard[defined], played[defined]
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(len(heard), size=(RESAMPLES, len(heard)))
    resampled = [spearmanr(heard[rows], played[rows]).statistic for rows in drawn]
    return estimate(spearmanr(heard, played).statistic, np.array(resampled), len(heard))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="recordings, in a folder for each label")
    parser.add_argument("--packages", type=Path, help=f"the folder of the packages ({PACKAGES})")
    parser.add_argument("--pieces", type=int, default=80, help="pieces to judge it by (80)")
    parser.add_argument("--quick", action="store_true", help="a few pieces, nothing written")
    args = parser.parse_args()
    transcriber = Transcriber((args.packages or need(PACKAGES, HOW)).resolve())
    known = judge_the_transcriber(transcriber, 16 if args.quick else args.pieces)
    print(table(["measure", "rank correlation"], [[name, with_interval(row)] for name, row in known.items()]))
    figures = {"font": FONT, "seconds": SOUND_S, "known": known}
    if args.folder:
        labels, sounds = read_labelled(args.folder, SAMPLE_RATE)
        scores = measure_sounds(transcriber, sounds)
        figures |= {"by_label": by_label(scores, labels), "against_table": against_table(scores, labels)}
        print("\n" + show_by_label(figures["by_label"], MEASURES, labels))
        print("\n" + show_against_table(figures["against_table"]))
    report("heard_notes", figures, args.quick)


if __name__ == "__main__":
    run_script(main)
