"""Pictures of sample clips: the notes above, the log-mel spectrogram below, on one time axis."""

from pathlib import Path

import matplotlib
import numpy as np

from reprise.audio.spectrogram import SpectrogramParams
from reprise.music.instruments import BY_PROGRAM, INSTRUMENT_NAMES
from reprise.music.piece import Piece

matplotlib.use("Agg")
from librosa import mel_frequencies, midi_to_note
from matplotlib import pyplot as plt
from matplotlib.image import AxesImage

FREQUENCY_TICKS_HZ = (200, 500, 1000, 2000, 5000, 10000)
SEMITONES_A_TICK = (1, 2, 3, 6, 12)
MOST_PITCH_TICKS = 8


def draw_clip(piece: Piece, spectrogram: np.ndarray, params: SpectrogramParams, sample_rate: int, path: Path) -> None:
    """Piano roll coloured by instrument over the spectrogram, as a PNG."""
    figure, (roll, mel) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, height_ratios=(2, 3), layout="constrained")
    colours = plt.get_cmap("tab10")
    for part, program in enumerate(piece.programs):
        notes = piece.notes[piece.notes["part"] == part]
        times, lengths = notes["onset"] * piece.seconds_per_beat, notes["duration"] * piece.seconds_per_beat
        name = INSTRUMENT_NAMES[BY_PROGRAM[program]]
        roll.barh(notes["pitch"], lengths, left=times, height=0.9, color=colours(part), label=name)
    lowest, highest = int(piece.notes["pitch"].min()), int(piece.notes["pitch"].max())
    ticks = pitch_ticks(lowest, highest)
    roll.set_yticks(ticks, [f"{midi_to_note(pitch)} ({pitch})" for pitch in ticks])
    roll.set(ylim=(lowest - 1, highest + 1), ylabel="pitch (MIDI)", title=f"{piece.tempo_bpm:.0f} BPM")
    roll.grid(axis="y", color="0.9", linewidth=0.6)
    roll.set_axisbelow(True)
    figure.legend(fontsize="small", loc="outside upper center", ncols=2)
    image = show_spectrogram(mel, spectrogram, params, sample_rate)
    figure.colorbar(image, ax=mel, label="power (dB)")
    figure.savefig(path, dpi=80, metadata={"Software": None})
    plt.close(figure)


def pitch_ticks(lowest: int, highest: int) -> list[int]:
    """MIDI pitches to name beside a piano roll: whole ones, evenly so many semitones apart that few enough remain."""
    steps = (step for step in SEMITONES_A_TICK if (highest - lowest) // step < MOST_PITCH_TICKS)
    step = next(steps, SEMITONES_A_TICK[-1])
    return list(range(-(-lowest // step) * step, highest + 1, step))


def show_spectrogram(axis: plt.Axes, spectrogram: np.ndarray, params: SpectrogramParams, sample_rate: int) -> AxesImage:
    """A log-mel spectrogram, float[M, T] in dB, on an axis in seconds and Hz."""
    extent = (0, spectrogram.shape[1] * params.hop_length / sample_rate, 0, params.n_mels)
    lowest = params.floor_db + 20
    image = axis.imshow(spectrogram, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=lowest)
    centres = mel_frequencies(n_mels=params.n_mels, fmin=params.fmin_hz, fmax=params.fmax_hz)
    shown = [tick for tick in FREQUENCY_TICKS_HZ if tick <= params.fmax_hz]
    axis.set_yticks(np.interp(shown, centres, np.arange(params.n_mels) + 0.5), [f"{tick:,}" for tick in shown])
    axis.set(xlabel="time (s)", ylabel="frequency (Hz, mel scale)")
    return image
