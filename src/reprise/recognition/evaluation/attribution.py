"""Which times and frequencies made a decision: integrated gradients of an instrument's logit.

Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks (ICML 2017), through captum; the baseline is
silence, so the attributions of a clip sum to the logit less the logit of silence.
"""

from pathlib import Path

import matplotlib
import numpy as np
import torch
from captum.attr import IntegratedGradients
from scipy.ndimage import gaussian_filter

from reprise.clips.pictures import show_spectrogram
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.data import SpectrogramSet
from reprise.recognition.model import Recognizer, load_recognizer

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def attribute(network: Recognizer, spectrogram: np.ndarray, instrument: int, floor_db: float, steps: int) -> np.ndarray:
    """Attribution of an instrument's clip logit to each cell of a spectrogram: float[M, T] -> float[M, T]."""
    x = torch.from_numpy(spectrogram.astype(np.float32))[None]
    gradients = IntegratedGradients(lambda batch: network(batch)[0])
    result = gradients.attribute(
        x, torch.full_like(x, floor_db), target=instrument, n_steps=steps, internal_batch_size=8
    )
    return result[0].detach().numpy()


def draw_attributions(model: Path, data: SpectrogramSet, clips: int, steps: int, folder: Path) -> None:
    """A PNG for each of the first `clips` clips of two instruments: the clip, and what spoke for each of them."""
    network, config = load_recognizer(model)
    params, sample_rate = config.spectrogram, config.sample_rate
    folder.mkdir(parents=True, exist_ok=True)
    for row in np.flatnonzero(data.count == 2)[:clips]:
        spectrogram = data.arrays[row].astype(np.float32)
        instruments = np.flatnonzero(data.labels[row]).tolist()
        probabilities = network(data.batch(np.array([row])))[0].sigmoid()[0]
        figure, axes = plt.subplots(1, 1 + len(instruments), figsize=(11, 3.6), sharey=True, layout="constrained")
        image = show_spectrogram(axes[0], spectrogram, params, sample_rate)
        axes[0].set_title(f"clip {data.clips[row]}")
        figure.colorbar(image, ax=axes[0], label="power (dB)")
        for axis, instrument in zip(axes[1:], instruments):
            found = attribute(network, spectrogram, instrument, params.floor_db, steps)
            smooth = gaussian_filter(found, 1.0)
            limit = float(np.percentile(np.abs(smooth), 99.5)) or 1.0
            image = axis.imshow(
                smooth,
                origin="lower",
                aspect="auto",
                extent=axes[0].images[0].get_extent(),
                cmap="RdBu_r",
                vmin=-limit,
                vmax=limit,
            )
            axis.set(
                title=f"{INSTRUMENT_NAMES[instrument]}: p = {probabilities[instrument].item():.2f}", xlabel="time (s)"
            )
        figure.colorbar(image, ax=axes[-1], label="for (red), against (blue)", ticks=[])
        figure.savefig(folder / f"clip_{data.clips[row]}.png", dpi=80, metadata={"Software": None})
        plt.close(figure)
