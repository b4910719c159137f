"""Audio in memory as FLAC or WAV: mono float32 in -1..1, written as 16-bit PCM."""

import io

import numpy as np
import soundfile

from reprise.errors import AudioError


def encode(samples: np.ndarray, sample_rate: int, container: str) -> bytes:
    """Mono float32 samples as the bytes of a 16-bit `FLAC` or `WAV` file."""
    buffer = io.BytesIO()
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    soundfile.write(buffer, pcm, sample_rate, format=container, subtype="PCM_16")
    return buffer.getvalue()


def decode(content: bytes, source: str, sample_rate: int) -> np.ndarray:
    """Mono float32 samples of a file made by `encode`.

    Raises:
        AudioError: it is damaged or of another rate.
    """
    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{source}: not readable audio ({error})") from error
    if rate != sample_rate or samples.ndim != 1:
        raise AudioError(f"{source}: is {rate} Hz, {samples.ndim}-dimensional; it must be mono at {sample_rate} Hz")
    return samples
