"""Recordings that people bring: any file libsndfile reads, as a stream of mono samples at the rate we want.

Conventions: float32 mono in about -1..1; mono is the mean of the channels. A recording is never held in memory as a
whole, so three hours take no more of it than three seconds. `survey` reads a recording once to its end: what is wrong
with it comes to light there, before anything is computed from it.
"""

import os.path
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from reprise.audio.levels import LEVEL_WINDOW_S, active_rms, window_rms
from reprise.errors import AudioError

SHORTEST_S = 0.1
RATES_HZ = (1_000, 384_000)
MOST_CHANNELS = 64
LARGEST_SAMPLE = 1e6  # full scale is 1; what lies beyond this isn't sound
BLOCK_VALUES = 1 << 18  # samples read at once, all channels together: 1 MiB
KINDS = "a sound file, such as WAV, FLAC, OGG, MP3 or AIFF"
EXTENSIONS = (
    ".aif",
    ".aifc",
    ".aiff",
    ".au",
    ".caf",
    ".flac",
    ".mp3",
    ".oga",
    ".ogg",
    ".opus",
    ".rf64",
    ".w64",
    ".wav",
)
# What libsndfile can't read, by the first bytes (of MP4 from the fifth on), and by extension.
UNREADABLE = {
    b"\x30\x26\xb2\x75": "WMA",
    b"\x1a\x45\xdf\xa3": "WebM or Matroska",
    b"\xff\xf1": "AAC",
    b"\xff\xf9": "AAC",
    b"MAC ": "Monkey's Audio",
    b"wvpk": "WavPack",
}
UNREADABLE_EXTENSIONS = (".aac", ".ape", ".m4a", ".m4b", ".mp4", ".webm", ".wma", ".wv")

UNKNOWN_FRAMES = 1 << 62  # libsndfile gives a number above this for a stream without a length
FIRST_FRAME = 256  # bytes of an MP3's sound among which it says how long it is, if it does
STREAMED_BYTES = 0x7FFF0000  # programs that write WAV into a pipe give about this length, or more
# What libsndfile writes in its log of a header: how much that promises, and how much there is.
CUT = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\n *(?:data|riff| BODY|Data Size) *: (?P<promised>\d+) \(should be (?P<found>\d+)\)",  # WAV, W64, SVX, AU
        r"'COMM' chunk \((?P<promised>\d+)\).*'SSND' chunk \((?P<found>\d+)\)",  # AIFF
        r"frame count (?P<found>\d+) does not match value from 'ds64' chunk of (?P<promised>\d+)",  # RF64
    )
)
CUT_OGG = re.compile("ended unexpectedly|lacks an end-of-stream bit|Junk after the last page|Corrupted bitstream")


@dataclass(frozen=True)
class Survey:
    """What one reading of a whole recording shows.

    Attributes:
        sample_rate, channels: of the file.
        samples, duration_s: length of the mono stream, at the rate asked for and in seconds.
        level: RMS of its stretches of 0.1 s within 30 dB of the loudest one, as `audio.levels.active_rms` has it; 0
            for digital silence, and for channels that cancel each other.
        cancelled_db: how much softer the mean of the channels is than they are, in dB of mean power: 0 where all are
            alike, 3 for two that have nothing in common, infinite where nothing is left.
    """

    sample_rate: int
    channels: int
    samples: int
    duration_s: float
    level: float
    cancelled_db: float


def survey(path: Path, sample_rate: int) -> Survey:
    """Read a recording to its end at `sample_rate`, in Hz.

    Raises:
        AudioError: it can't be used, as `stream_mono` says.
    """
    window = round(LEVEL_WINDOW_S * sample_rate)
    levels, rest, samples = [], np.zeros(0, np.float32), 0
    energy = np.zeros(2)
    with _open(path) as file:
        for block in _resampled(file, path, sample_rate, energy):
            samples += len(block)
            block = np.concatenate([rest, block])
            whole = len(block) - len(block) % window
            if whole:
                levels.append(window_rms(block[None, :whole], sample_rate))
            rest = block[whole:]
        if len(rest):
            levels.append(window_rms(rest[None], sample_rate))
        level = float(active_rms(np.concatenate(levels, axis=1))[0])
        return Survey(file.samplerate, file.channels, samples, samples / sample_rate, level, _cancelled_db(*energy))


def _cancelled_db(of_channels: float, of_their_mean: float) -> float:
    if of_channels == 0:
        return 0.0
    return float(10 * np.log10(of_channels / of_their_mean)) if of_their_mean > 0 else float("inf")


def find_recordings(path: Path) -> list[Path]:
    """The recordings in a folder and those below it, by their extensions, in order; a path to anything else as it is.

    Those of a kind that can't be read are among them, to be reported; hidden ones aren't.

    Raises:
        AudioError: a folder holds none.
    """
    if not path.is_dir():
        return [path]
    kinds = {*EXTENSIONS, *UNREADABLE_EXTENSIONS}
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in kinds
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    if not found:
        raise AudioError(f"{path}: has no recordings; it must hold files that end in {', '.join(EXTENSIONS)}")
    return found


def stream_mono(path: Path, sample_rate: int) -> Iterator[np.ndarray]:
    """A recording from start to end as mono blocks at `sample_rate` in Hz: float32[n], n as it comes.

    Raises:
        AudioError: the file is missing, isn't sound, is cut off or damaged, is shorter than `SHORTEST_S`, has a rate
            outside `RATES_HZ`, more than `MOST_CHANNELS` channels, or samples that are no finite numbers.
    """
    with _open(path) as file:
        yield from _resampled(file, path, sample_rate)


class _Stream(soundfile.SoundFile):
    """A sound file that is only read forward.

    soundfile seeks after each block of a file that it can seek in, which is slow in compressed files and fails at the
    end of a FLAC stream whose header leaves its length open.
    """

    def seekable(self) -> bool:
        return False


def _open(path: Path) -> _Stream:
    if not os.path.isfile(path):  # unlike Path.is_file, False for any name that can't be one
        is_what = "is a folder or a device" if os.path.exists(path) else "there is no such file"
        raise AudioError(f"{path}: {is_what}; it must be {KINDS}")
    try:
        with open(path, "rb") as content:
            start = content.read(8)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror}); it must be {KINDS}") from error
    if not start:
        raise AudioError(f"{path}: is an empty file; it must be {KINDS}")
    try:
        file = _Stream(os.fsencode(path))  # as bytes, since soundfile takes only UTF-8 from a text
    except (soundfile.LibsndfileError, TypeError) as error:  # a TypeError where the name ends in .raw
        if kind := _unreadable_kind(start, path):
            raise AudioError(
                f"{path}: {kind} is not supported: convert it to WAV or FLAC (ffmpeg -i IN OUT.flac does)"
            ) from error
        raise AudioError(f"{path}: holds no sound that can be read, or is damaged; it must be {KINDS}") from error
    try:
        _check_header(file, path)
    except AudioError:
        file.close()
        raise
    return file


def _unreadable_kind(start: bytes, path: Path) -> str | None:
    """What a file is by its first 8 bytes or its name, of the kinds that people have and libsndfile can't read."""
    if start[4:] == b"ftyp":
        return "M4A"
    marked = next((kind for mark, kind in UNREADABLE.items() if start.startswith(mark)), None)
    extension = path.suffix.lower()
    return marked or (extension[1:].upper() if extension in UNREADABLE_EXTENSIONS else None)


def _check_header(file: _Stream, path: Path) -> None:
    low, high = RATES_HZ
    if not low <= file.samplerate <= high:
        raise AudioError(f"{path}: has a sample rate of {file.samplerate:,} Hz; it must be from {low:,} to {high:,}")
    if file.channels > MOST_CHANNELS:
        raise AudioError(f"{path}: has {file.channels} channels; it must have at most {MOST_CHANNELS}")
    log = file.extra_info
    found = next(filter(None, (pattern.search(log) for pattern in CUT)), None)
    promised = int(found["promised"]) if found else 0
    share = promised / max(int(found["found"]), 1) if found and promised < STREAMED_BYTES else 1
    _check_length(file.frames, round(file.frames * share), file, path)
    if cut := CUT_OGG.search(log):
        raise AudioError(f"{path}: is cut off or damaged: {cut[0]}; save it again whole")


def _check_length(frames: int, promised: int, file: _Stream, path: Path) -> None:
    if frames == 0:
        raise AudioError(f"{path}: holds no samples, or is cut off; it must be {KINDS}, of {SHORTEST_S} s or more")
    if promised - frames > SHORTEST_S * file.samplerate:
        raise AudioError(
            f"{path}: is cut off or damaged: its header promises {promised / file.samplerate:,.1f} s, but there are "
            f"{frames / file.samplerate:,.1f} s; save it again whole"
        )
    if frames < SHORTEST_S * file.samplerate:
        raise AudioError(
            f"{path}: is too short, {frames:,} sample{'s' * (frames > 1)} ({frames / file.samplerate:.3f} s); "
            f"it must be at least {SHORTEST_S} s long"
        )


def _resampled(file: _Stream, path: Path, sample_rate: int, energy: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Mono blocks; to `energy`, float[2], is added that of the mean channel and that of the channels' mean."""
    resampler = soxr.ResampleStream(file.samplerate, sample_rate, 1, dtype="float32")
    for block in _blocks(file, path):
        mono = block.mean(axis=1)
        if energy is not None:
            energy += np.square(block, dtype=np.float64).mean(axis=1).sum(), np.square(mono, dtype=np.float64).sum()
        yield resampler.resample_chunk(mono)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _blocks(file: _Stream, path: Path) -> Iterator[np.ndarray]:
    """What a file holds, float32[frames, channels] as it comes; the array is used again for the next."""
    buffer = np.empty((BLOCK_VALUES // file.channels, file.channels), np.float32)
    frames = 0
    while True:
        try:
            block = file.read(out=buffer)  # [frames, channels]
        except soundfile.LibsndfileError as error:
            raise AudioError(
                f"{path}: is cut off or damaged after {frames / file.samplerate:,.1f} s ({error}); save it again whole"
            ) from error
        if not len(block):
            break
        if not np.abs(block).max() <= LARGEST_SAMPLE:  # so put, NaN is caught too
            bad = int(np.argmin((np.abs(block) <= LARGEST_SAMPLE).all(axis=1)))
            raise AudioError(
                f"{path}: holds a sample of {block[bad].tolist()} at {(frames + bad) / file.samplerate:,.3f} s; "
                "samples must be finite numbers, full scale being 1"
            )
        frames += len(block)
        yield block
    promised = file.frames if file.frames < UNKNOWN_FRAMES else frames
    _check_length(frames, promised - _tagged_frames(file, path), file, path)


def _tagged_frames(file: _Stream, path: Path) -> int:
    """How much of an MP3's length is its ID3 tag, with the picture of a cover: where no first frame says how long the
    sound is, libsndfile reckons it from all bytes.
    """
    with open(path, "rb") as content:
        start = content.read(10)
        if file.format != "MP3" or len(start) < 10 or not start.startswith(b"ID3"):
            return 0
        size = len(start) + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(start[6:])))
        content.seek(size)
        first = content.read(FIRST_FRAME)
    says_length = any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))
    return 0 if says_length else int(file.frames * min(size / os.path.getsize(path), 1))
