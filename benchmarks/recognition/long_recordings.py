"""Recordings longer than a clip: what the recognizer finds in them, by how the answers of their windows become one.

Recordings are put together from validation clips: one, and others that have no instrument beyond its own, so that what
each has is known. Counted are instruments that it hasn't (false) and that aren't found (missed). For the guests, a
clip of an instrument that a recording lacks sounds in it once, or twice in a row, and is found or not.

    python -m benchmarks.recognition.long_recordings            # on the pipeline's recognizer and clips, half a minute
    python -m benchmarks.recognition.long_recordings --quick     # a tenth of the recordings; nothing is written
"""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import need, report
from benchmarks.measure import run_script, table
from reprise.audio.files import decode
from reprise.audio.levels import active_rms, window_rms
from reprise.clips.corpus import read_manifest
from reprise.clips.spectrograms import read_rendering
from reprise.learning.bootstrap import mean_estimate, with_interval
from reprise.pipeline.shards import item_name, read_shard, shard_name
from reprise.progress import progress_bar
from reprise.recognition.model import Recognizer, RecognizerConfig, load_recognizer
from reprise.recognition.use.recognize import LEVEL, STRETCH, confidence_of, cut_windows, hear, hop_samples

SET = "validation"
RECORDINGS = {1: 150, 2: 80, 4: 80, 8: 50, 15: 40, 30: 20}  # how many of so many clips each
GUESTS = {8: 50, 15: 50}
SEED, RESAMPLES = 1, 1000
MADE_BY = "./run makes it"
KEYS = ["seconds", "guest_s", "rule"]


def mean_of_stretch(length: int, probabilities: np.ndarray) -> np.ndarray:
    """The highest mean of so many windows in a row, of all where there are fewer: float[W, K] -> float[K]."""
    stretch = min(length, len(probabilities))
    return np.lib.stride_tricks.sliding_window_view(probabilities, stretch, axis=0).mean(axis=-1).max(axis=0)


RULES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    f"{STRETCH} windows, odds divided": confidence_of,  # what `reprise recognize` does
    f"{STRETCH} windows": partial(mean_of_stretch, STRETCH),
    "5 windows": partial(mean_of_stretch, 5),
    "all windows": lambda probabilities: probabilities.mean(axis=0),
}


def load_clips(instruments: tuple[str, ...], sample_rate: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The validation clips: samples, N of float32[frames], and labels, bool[N, K]."""
    audio = need(Path("data/clips/audio"), MADE_BY)
    rendering = read_rendering(audio)
    rows = rendering[(rendering["set"] == SET) & rendering["usable"]]
    clips, samples = [], []
    for shard, group in rows.groupby("shard"):
        names = [item_name(clip, "flac") for clip in group["clip"]]
        found = read_shard(audio / SET / shard_name(shard), names)
        samples += [decode(found[name], name, sample_rate) for name in names]
        clips += list(group["clip"])
    manifest = read_manifest(need(Path("data/clips/manifest.parquet"), MADE_BY)).set_index("clip")
    return samples, manifest.loc[clips, list(instruments)].to_numpy(bool)


def put_together(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of so many clips: any one, then those drawn from what has no instrument beyond its own."""
    first = rng.integers(len(labels))
    within = np.flatnonzero(~(labels & ~labels[first]).any(axis=1))
    return np.append(first, rng.choice(within, count - 1))


def invite(labels: np.ndarray, rows: np.ndarray, clips: int, rng: np.random.Generator) -> int:
    """Put an instrument that a recording lacks, alone, in the place of so many clips in a row; returns which it is."""
    solos = np.flatnonzero(labels.sum(axis=1) == 1)
    guests = solos[~(labels[solos] & labels[rows].any(axis=0)).any(axis=1)]
    guest = int(labels[rng.choice(guests)].argmax())
    start = rng.integers(len(rows) - clips + 1)
    rows[start : start + clips] = rng.choice(solos[labels[solos, guest]], clips)
    return guest


def probabilities_of(network: Recognizer, config: RecognizerConfig, samples: np.ndarray) -> np.ndarray:
    """What each window of a recording holds, heard as `reprise recognize` does, float[W, K]."""
    rate = config.sample_rate
    level = active_rms(window_rms(samples[None], rate))[0]
    windows = cut_windows([samples * np.float32(LEVEL / level)], round(config.clip_s * rate), hop_samples(config))
    return np.stack([of_window for of_window, _ in hear(network, config, windows)])


def measure(network: Recognizer, config: RecognizerConfig, share: float) -> pd.DataFrame:
    """A row a recording and rule: how many instruments are false and missed, and whether the guest, if any, is found.

    Args:
        share: of the recordings, above 0 to 1; at least two of each kind.
    """
    samples, labels = load_clips(config.instruments, config.sample_rate)
    rng, thresholds = np.random.default_rng(SEED), np.array(config.thresholds)
    kinds = [(clips, 0, count) for clips, count in RECORDINGS.items()]
    kinds += [(clips, guest, count) for clips, count in GUESTS.items() for guest in (1, 2)]
    plan = [(clips, guest) for clips, guest, count in kinds for _ in range(max(2, int(count * share)))]
    answers = []
    with progress_bar(len(plan), "recordings", "recordings") as bar:
        for clips, guest_clips in plan:
            rows = put_together(labels, clips, rng)
            guest = invite(labels, rows, guest_clips, rng) if guest_clips else None
            true = labels[rows].any(axis=0)
            heard = probabilities_of(network, config, np.concatenate([samples[row] for row in rows]))
            for rule, answer in RULES.items():
                found = answer(heard) >= thresholds
                answers.append(
                    {
                        "seconds": clips * config.clip_s,
                        "guest_s": guest_clips * config.clip_s,
                        "rule": rule,
                        "false": int((found & ~true).sum()),
                        "missed": int((true & ~found).sum()),
                        "guest_found": np.nan if guest is None else int(found[guest]),
                    }
                )
            bar.update()
    return pd.DataFrame(answers)


def summarise(answers: pd.DataFrame, figures: list[str]) -> list[dict]:
    """For each length, guest and rule the means of some figures over the recordings, with 95 % intervals."""
    return [
        {
            **dict(zip(KEYS, kind)),
            **{name: mean_estimate(group[name].to_numpy(), RESAMPLES, SEED) for name in figures},
        }
        for kind, group in answers.groupby(KEYS, sort=False)
    ]


def show(rows: list[dict]) -> str:
    body = [[with_interval(cell, 2) if isinstance(cell, dict) else cell for cell in row.values()] for row in rows]
    return table(list(rows[0]), body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the recordings; nothing is written")
    args = parser.parse_args()
    network, config = load_recognizer(need(Path("models/recognizer"), MADE_BY))
    answers = measure(network, config, 0.1 if args.quick else 1)
    has_guest = answers["guest_s"] > 0
    plain, guests = summarise(answers[~has_guest], ["false", "missed"]), summarise(answers[has_guest], ["guest_found"])
    print(show(plain), show(guests), sep="\n\n")
    report(Path(__file__).stem, {"recordings": plain, "guests": guests}, args.quick)


if __name__ == "__main__":
    run_script(main)
