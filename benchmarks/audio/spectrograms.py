"""Our log-mel spectrograms beside librosa's: speed on one thread, and the largest difference in dB.

librosa is called with the pipeline's own settings: `melspectrogram(..., pad_mode="constant")`, then `power_to_db` with
the fixed reference 1 and the pipeline's floor. Both get the same rendered clips as float32 samples in memory, and
neither rounds to float16, which only the cache does.
"""

import argparse
from collections.abc import Sequence

import librosa
import numpy as np
import torch
from threadpoolctl import threadpool_limits

from benchmarks.machine import ROOT, report
from benchmarks.measure import blocks, per_second, run_script, speedup, table, take_turns, with_spread
from reprise.audio.fonts import FONTS, FontParams, locate
from reprise.audio.params import RenderParams
from reprise.audio.render import draw_rendition, mix_stems, render_stems
from reprise.audio.spectrogram import SpectrogramParams, log_mel
from reprise.clips.compose import compose_clip
from reprise.clips.params import ClipParams
from reprise.params import PARAMS_FILE, load_section

OURS, LIBROSA = "ours", "librosa"


def librosa_log_mel(samples: np.ndarray, sample_rate: int, params: SpectrogramParams) -> np.ndarray:
    """What `log_mel` computes, by librosa alone: float32[n_mels, frames] in dB."""
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=sample_rate,
        n_fft=params.n_fft,
        hop_length=params.hop_length,
        n_mels=params.n_mels,
        fmin=params.fmin_hz,
        fmax=params.fmax_hz,
        pad_mode="constant",
    )
    return librosa.power_to_db(power, ref=1.0, amin=10 ** (params.floor_db / 10), top_db=None)


def render_samples(count: int, clips: ClipParams, font: str, params: RenderParams) -> list[np.ndarray]:
    """`count` clips in the variety of training, on one font."""
    path, samples = locate(FONTS[font]), []
    for item in range(count):
        clip = compose_clip(clips, item)
        rendition = draw_rendition([(path,)] * len(clip.instruments), path, params, np.random.default_rng(item))
        stems = render_stems(clip.piece, rendition, params.sample_rate, clips.duration_s)
        samples.append(mix_stems(stems, np.array(clip.levels_db), rendition.mix_level_db, params.sample_rate)[0])
    return samples


def measure(samples: Sequence[np.ndarray], sample_rate: int, params: SpectrogramParams, rounds: int) -> dict:
    """Clips a second of each peer, how many times faster ours is, the largest difference in dB."""
    methods = {OURS: log_mel, LIBROSA: librosa_log_mel}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            differences = [
                float(np.abs(log_mel(clip, sample_rate, params) - librosa_log_mel(clip, sample_rate, params)).max())
                for clip in samples
            ]
            peers = {
                name: lambda block, method=method: [method(clip, sample_rate, params) for clip in block]
                for name, method in methods.items()
            }
            parts = blocks(samples, rounds)
            seconds = take_turns(peers, parts)
    finally:
        torch.set_num_threads(threads)
    counts = [len(part) for part in parts]
    return {
        "clips": len(samples),
        "clips_per_second": {name: per_second(counts, took) for name, took in seconds.items()},
        "milliseconds_a_clip": {name: round(1000 * sum(took) / len(samples), 3) for name, took in seconds.items()},
        "ours_is_faster": speedup(seconds[OURS], seconds[LIBROSA]),
        "largest_difference_db": max(differences),
    }


def show(found: dict) -> str:
    ratios = {OURS: "1", LIBROSA: with_spread(found["ours_is_faster"])}
    rows = [
        (name, with_spread(speed, 0), f"{found['milliseconds_a_clip'][name]:.2f}", ratios[name])
        for name, speed in found["clips_per_second"].items()
    ]
    head = ("log-mel by", "clips/s", "ms a clip", "ours is faster")
    return f"{table(head, rows)}\n\nlargest difference: {found['largest_difference_db']:.1e} dB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=200, help="clips (200)")
    parser.add_argument("--rounds", type=int, default=20, help="turns of the two (20)")
    parser.add_argument("--quick", action="store_true", help="a few clips, nothing written")
    args = parser.parse_args()
    if args.quick:
        args.clips, args.rounds = 8, 2
    clips, fonts, rendering, spectrogram = (
        load_section(cls, name, ROOT / PARAMS_FILE)
        for name, cls in (
            ("clips", ClipParams),
            ("fonts", FontParams),
            ("rendering", RenderParams),
            ("spectrogram", SpectrogramParams),
        )
    )
    samples = render_samples(args.clips, clips, fonts.clean, rendering)
    found = measure(samples, rendering.sample_rate, spectrogram, args.rounds)
    print(show(found))
    report("spectrograms", {"clip_s": clips.duration_s, "sample_rate": rendering.sample_rate, **found}, args.quick)


if __name__ == "__main__":
    run_script(main)
