"""Which instruments sound in a recording of any length, and when.

The recording is heard in windows as long as the training clips, one about every half window; the last window is as
long as what is left, and a recording shorter than a window is one window of its own length. W windows, K instruments,
S steps of the network in a window.

Level: training clips lie between -26 and -14 dBFS (`rendering.mix_level_db`), give or take 3 dB. So a whole recording
gets one gain, which a first reading of it finds, to an active RMS (`audio.levels.active_rms`) of -20 dBFS: the answer
doesn't depend on how loud a recording is, and its soft passages stay softer than its loud ones. A window 50 dB below
that counts as silence, in which nothing is heard, and so does a whole recording below -70 dBFS.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import torch

from reprise.audio.levels import window_rms
from reprise.audio.recordings import Survey, stream_mono, survey
from reprise.audio.spectrogram import log_mel
from reprise.errors import BadInput
from reprise.progress import progress_bar
from reprise.recognition.model import TIME_STRIDE, Recognizer, RecognizerConfig

LEVEL = 10 ** (-20 / 20)
SILENT_WINDOW = 10 ** (-70 / 20)  # after the gain
SILENT_RECORDING = 10 ** (-70 / 20)  # before it
STRETCH = 3  # windows that decide together, about 8 s
STRETCHES_EXPONENT = 0.75  # of their number, by which the odds of the surest one are divided; see `confidence_of`
LONGEST_REST_S = 1.0  # a rest of an instrument up to this long doesn't cut its span in two
BATCH = 16
CANCELLED_DB = 3.0  # lost beyond what channels that have nothing in common lose, 10 log10 of their number
PROGRESS_FROM_S = 600.0  # longer recordings show their progress


@dataclass(frozen=True)
class Heard:
    """An instrument in a recording.

    Attributes:
        confidence: 0..1, as `confidence_of` has it.
        seconds: how long it sounds, the sum of the spans.
        spans: from when to when, in seconds and in order.
    """

    instrument: str
    confidence: float
    seconds: float
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Recognition:
    """What the recognizer hears in a recording.

    Attributes:
        starts_s, ends_s: of the windows, float[W].
        probabilities: of the instruments in each window, float[W, K].
        decisions: which of them reach their thresholds, bool[W, K].
        confidence: of the instruments in the whole recording, float[K].
        heard: those whose confidence reaches the threshold, the surest first.
    """

    survey: Survey
    starts_s: np.ndarray
    ends_s: np.ndarray
    probabilities: np.ndarray
    decisions: np.ndarray
    confidence: np.ndarray
    heard: tuple[Heard, ...]


def recognize(network: Recognizer, config: RecognizerConfig, path: Path) -> Recognition:
    """Hear a recording, on whichever device the network is.

    Raises:
        AudioError: the recording can't be used.
    """
    rate, found, hop = config.sample_rate, survey(path, config.sample_rate), hop_samples(config)
    blocks = (block * gain_of(found) for block in _with_progress(stream_mono(path, rate), found, path, rate))
    results = list(hear(network, config, cut_windows(blocks, round(config.clip_s * rate), hop)))
    probabilities = np.stack([of_window for of_window, _ in results])
    decisions = probabilities >= np.array(config.thresholds)
    confidence = confidence_of(probabilities)
    starts = np.arange(len(results)) * hop / rate
    sounding = sounding_steps(decisions, [of_steps for _, of_steps in results], config)
    step_s = TIME_STRIDE * config.spectrogram.hop_length / rate
    heard = []
    for k in np.argsort(-confidence, kind="stable"):
        if confidence[k] >= config.thresholds[k]:
            spans = spans_of(sounding[:, k], step_s, found.duration_s)
            seconds = sum(end - start for start, end in spans)
            heard.append(Heard(config.instruments[k], float(confidence[k]), seconds, spans))
    ends = np.minimum(starts + config.clip_s, found.duration_s)
    return Recognition(found, starts, ends, probabilities, decisions, confidence, tuple(heard))


def gain_of(found: Survey) -> np.float32:
    """The gain that brings a recording to the level of the training clips; 1 for a silent one."""
    return np.float32(LEVEL / found.level if found.level >= SILENT_RECORDING else 1)


def hop_samples(config: RecognizerConfig) -> int:
    """Samples from window to window: about half a window, and whole steps, so that the steps of windows coincide."""
    step = TIME_STRIDE * config.spectrogram.hop_length
    return max(1, round(config.clip_s * config.sample_rate / 2 / step)) * step


def cut_windows(blocks: Iterable[np.ndarray], length: int, hop: int) -> Iterator[np.ndarray]:
    """Windows of a stream of samples, each `length` long, a `hop` apart; the last one holds what is left.

    That is more than `length - hop` samples, or all there are.
    """
    waiting = np.zeros(0, np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) > length:
            yield waiting[:length]
            waiting = waiting[hop:]
    yield waiting


@torch.inference_mode()
def hear(
    network: Recognizer, config: RecognizerConfig, windows: Iterable[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each window of samples the probabilities of the whole, float[K], and of each step, float[S, K]."""
    device = next(network.parameters()).device
    for _, equally_long in groupby(windows, key=len):
        while batch := list(islice(equally_long, BATCH)):
            spectrograms = np.stack([log_mel(window, config.sample_rate, config.spectrogram) for window in batch])
            logits, step_logits = network(torch.from_numpy(spectrograms).to(device))
            for window, of_window, of_steps in zip(batch, logits.sigmoid().cpu(), step_logits.sigmoid().cpu()):
                audible = float(window_rms(window[None], config.sample_rate).max() >= SILENT_WINDOW)
                yield of_window.numpy() * audible, of_steps.numpy().T * audible


def confidence_of(probabilities: np.ndarray) -> np.ndarray:
    """One answer for a recording from those for its windows, float[W, K] -> float[K].

    The mean of `STRETCH` windows in a row, of all where there are fewer, at the stretch where it is highest; there its
    odds are divided by the number of stretches, W / `STRETCH`, to the power `STRETCHES_EXPONENT`: the surest of many
    is sure by chance, too. So a recording as long as a training clip gets the network's answer for a clip, a solo
    counts however long the rest is if it is sure enough, and a long recording doesn't collect instruments that it
    hasn't. Both numbers were chosen on validation clips put together; docs/recognizer.md has the figures.
    """
    stretch = min(STRETCH, len(probabilities))
    means = np.lib.stride_tricks.sliding_window_view(probabilities, stretch, axis=0).mean(axis=-1)
    surest = means.max(axis=0)
    against = (1 - surest) * max(1.0, len(probabilities) / STRETCH) ** STRETCHES_EXPONENT
    return surest / (surest + against)


def sounding_steps(decisions: np.ndarray, steps: list[np.ndarray], config: RecognizerConfig) -> np.ndarray:
    """At which steps of the recording each instrument sounds: where a window that decides for it hears it most.

    A clip's logit is a weighted mean of its steps', so some step of a window always reaches a threshold that the
    window reaches.

    Args:
        decisions: bool[W, K].
        steps: probabilities of the steps of each window, W of float[S, K].

    Returns:
        bool[steps of the recording, K].
    """
    hop = hop_samples(config) // (TIME_STRIDE * config.spectrogram.hop_length)
    result = np.zeros(((len(steps) - 1) * hop + len(steps[-1]), decisions.shape[1]), bool)
    for index, (decided, of_steps) in enumerate(zip(decisions, steps)):
        result[index * hop : index * hop + len(of_steps)] |= decided & (of_steps >= np.array(config.thresholds))
    return result


def spans_of(sounding: np.ndarray, step_s: float, duration_s: float) -> tuple[tuple[float, float], ...]:
    """Where an instrument sounds, bool[steps], as spans in seconds; rests up to `LONGEST_REST_S` are part of them."""
    edges = np.flatnonzero(np.diff(sounding.astype(int), prepend=0, append=0)) * step_s
    spans: list[tuple[float, float]] = []
    for start, end in np.minimum(edges.reshape(-1, 2), duration_s).tolist():
        if spans and start - spans[-1][1] <= LONGEST_REST_S:
            start = spans.pop()[0]
        spans.append((start, end))
    return tuple(spans)


def _with_progress(blocks: Iterator[np.ndarray], found: Survey, path: Path, rate: int) -> Iterator[np.ndarray]:
    if found.duration_s < PROGRESS_FROM_S:
        yield from blocks
        return
    done = 0
    with progress_bar(round(found.duration_s), path.name, "s") as bar:
        for block in blocks:
            yield block
            done += len(block)
            bar.update(done // rate - bar.n)


def as_dict(recognition: Recognition, config: RecognizerConfig) -> dict:
    """A recognition as values that JSON has: seconds and probabilities to three decimals."""
    found, thresholds = recognition.survey, dict(zip(config.instruments, config.thresholds))
    windows = zip(recognition.starts_s, recognition.ends_s, recognition.probabilities)
    return {
        "duration_s": round(found.duration_s, 3),
        "sample_rate": found.sample_rate,
        "channels": found.channels,
        "level_dbfs": round(20 * np.log10(found.level).item(), 1) if found.level else None,
        "notes": _notes(found, config),
        "instruments": [
            {
                "instrument": heard.instrument,
                "confidence": round(heard.confidence, 3),
                "threshold": thresholds[heard.instrument],
                "seconds": round(heard.seconds, 3),
                "spans": [[round(start, 3), round(end, 3)] for start, end in heard.spans],
            }
            for heard in recognition.heard
        ],
        "confidence": _by_name(recognition.confidence, config),
        "windows": [
            {"start": round(start, 3), "end": round(end, 3), "probabilities": _by_name(values, config)}
            for start, end, values in windows
        ],
    }


def _notes(found: Survey, config: RecognizerConfig) -> list[str]:
    """What a person should know before trusting the answer."""
    notes = []
    if found.sample_rate < config.sample_rate:
        has, wanted = found.sample_rate // 2, config.sample_rate // 2
        notes.append(
            f"has nothing above {has:,} Hz, and the recognizer listens up to {wanted:,} Hz: it errs more often"
        )
    if found.cancelled_db >= CANCELLED_DB + 10 * np.log10(found.channels):
        rest = "nothing is left" if np.isinf(found.cancelled_db) else f"they lose {found.cancelled_db:.0f} dB"
        notes.append(f"its channels cancel each other: {rest} where they are added, as here; try one of them alone")
    return notes


def _by_name(values: np.ndarray, config: RecognizerConfig) -> dict[str, float]:
    return {name: round(value, 3) for name, value in zip(config.instruments, values.tolist())}


def pick_device(name: str) -> torch.device:
    """`auto` (a CUDA device if there is one), `cpu` or `cuda` as a device.

    Raises:
        BadInput: there is no CUDA device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput("--device cuda: this machine has no CUDA device that torch can use; use auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, hours before them where there are any: 65.2 is 1:05."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
