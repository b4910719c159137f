"""A picture of what the recognizer hears in a recording: its spectrogram above, the instruments over time below."""

import os
from pathlib import Path

import matplotlib
import numpy as np

from reprise.audio.recordings import stream_mono
from reprise.audio.spectrogram import log_mel
from reprise.clips.pictures import show_spectrogram
from reprise.recognition.model import RecognizerConfig
from reprise.recognition.use.recognize import Recognition, clock, cut_windows, gain_of, hop_samples

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MOST_COLUMNS = 1500  # of the spectrogram; frames of a longer recording are averaged
CHUNK_FRAMES = 1024
TICK_STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 10  # steps of the time axis


def draw_timeline(recognition: Recognition, config: RecognizerConfig, recording: Path, path: Path) -> None:
    """A PNG at `path`: the spectrogram as the recognizer hears it, and each instrument's probability over time.

    A red bar marks where an instrument is heard; beside its name stands the threshold that its confidence has to reach.
    """
    duration = recognition.survey.duration_s
    figure, (mel, heat) = plt.subplots(2, 1, figsize=(11, 7), sharex=True, height_ratios=(2, 3), layout="constrained")
    spectrogram = decimated_log_mel(recognition, config, recording)
    image = show_spectrogram(mel, spectrogram, config.spectrogram, config.sample_rate)
    image.set_extent((0, duration, 0, config.spectrogram.n_mels))
    figure.colorbar(image, ax=mel, label="power (dB)")
    name = os.fsencode(recording.name).decode(errors="replace")  # fonts have no letters for bytes that aren't UTF-8
    mel.set_title(name, parse_math=False)
    mel.set_xlabel("")

    names = config.instruments
    moments = moments_of(recognition.probabilities)
    edges = np.append(np.arange(len(moments)) * hop_samples(config) / config.sample_rate, duration)
    edges = np.minimum(edges, duration)
    mesh = heat.pcolormesh(edges, np.arange(len(names) + 1), moments.T, vmin=0, vmax=1, cmap="viridis", rasterized=True)
    figure.colorbar(mesh, ax=heat, label="probability")
    for heard in recognition.heard:
        row = names.index(heard.instrument)
        bars = [(start, end - start) for start, end in heard.spans]
        heat.broken_barh(bars, (row + 0.72, 0.18), facecolor="red", linewidth=0)
    labels = [f"{name} ≥ {threshold:.2f}" for name, threshold in zip(names, config.thresholds)]
    heat.set_yticks(np.arange(len(names)) + 0.5, labels)
    heat.invert_yaxis()
    heat.set(ylabel="instrument ≥ threshold", xlim=(0, duration))
    set_time_axis(heat, duration)
    partial = path.with_name(f".{path.name}.partial")
    try:
        figure.savefig(partial, dpi=100, format="png", metadata={"Software": None})
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
        plt.close(figure)


def set_time_axis(axis: plt.Axes, duration_s: float) -> None:
    """Ticks at round times: in seconds below a minute, from there on in minutes and seconds, or hours before them."""
    hours = -(-duration_s // (3600 * MOST_TICKS))
    step = next((step for step in TICK_STEPS_S if duration_s <= step * MOST_TICKS), 3600 * hours)
    ticks = np.arange(int(duration_s / step + 1e-9) + 1) * step
    if duration_s < 60:
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_xlabel("time (s)")
    else:
        axis.set_xticks(ticks, [clock(tick) for tick in ticks])
        axis.set_xlabel("time (hours:minutes:seconds)" if duration_s >= 3600 else "time (minutes:seconds)")


def moments_of(probabilities: np.ndarray) -> np.ndarray:
    """From one window's start to the next's the mean of the windows that hear it: float[W, K] -> float[W + 1, K]."""
    padded = np.pad(probabilities, ((1, 1), (0, 0)), mode="edge")
    return (padded[:-1] + padded[1:]) / 2


def decimated_log_mel(recognition: Recognition, config: RecognizerConfig, recording: Path) -> np.ndarray:
    """Log-mel spectrogram of a whole recording in about `MOST_COLUMNS` columns at most, float32[M, columns] in dB.

    Each column is the mean of as many frames. It is made chunk by chunk; the frame at a seam sees one chunk only.
    """
    params = config.spectrogram
    frames_a_column = -(-params.frames(recognition.survey.samples) // MOST_COLUMNS)
    chunk = frames_a_column * max(1, CHUNK_FRAMES // frames_a_column) * params.hop_length
    gain = gain_of(recognition.survey)
    blocks = (block * gain for block in stream_mono(recording, config.sample_rate))
    columns = []
    for samples in cut_windows(blocks, chunk, chunk):
        frames = log_mel(samples, config.sample_rate, params)[:, : max(1, len(samples) // params.hop_length)]
        starts = np.arange(0, frames.shape[1], frames_a_column)
        counts = np.diff(np.append(starts, frames.shape[1]))
        columns.append(np.add.reduceat(frames, starts, axis=1) / counts)
    return np.concatenate(columns, axis=1)
