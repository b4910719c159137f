"""Foreign audio as a stream: every kind of file gives the same sound, and every broken one an error that says why."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from reprise.audio import recordings
from reprise.audio.levels import active_rms, window_rms
from reprise.audio.recordings import find_recordings, stream_mono, survey
from reprise.errors import AudioError

RATE = 22050


def tone(pitch_hz: float, rate: int, seconds: float = 1.0, level: float = 0.3) -> np.ndarray:
    return level * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate)) / rate)


def whole(path: Path, rate: int = RATE) -> np.ndarray:
    return np.concatenate(list(stream_mono(path, rate)))


def loudest_hz(samples: np.ndarray, rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n=16 * len(samples)))
    return float(spectrum.argmax() * rate / (16 * len(samples)))


def check_tone(samples: np.ndarray, pitch_hz: float, level: float, seconds: float, within: float) -> None:
    assert samples.dtype == np.float32
    assert abs(len(samples) - seconds * RATE) <= 1
    assert loudest_hz(samples) == pytest.approx(pitch_hz, abs=0.5)
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    assert np.sqrt(2 * np.mean(middle.astype(float) ** 2)) == pytest.approx(level, rel=within)


@pytest.mark.parametrize(
    ("name", "subtype", "within"),
    [
        ("a.wav", "PCM_U8", 0.01),
        ("a.wav", "PCM_16", 0.001),
        ("a.wav", "PCM_24", 0.001),
        ("a.wav", "FLOAT", 0.001),
        ("a.wav", "DOUBLE", 0.001),
        ("a.flac", "PCM_16", 0.001),
        ("a.aiff", "PCM_16", 0.001),
        ("a.ogg", "VORBIS", 0.03),
        ("a.mp3", "MPEG_LAYER_III", 0.03),
    ],
)
def test_every_format_keeps_pitch_level_and_length(tmp_path, name, subtype, within):
    stereo = np.stack([tone(440, 44100, level=0.4), tone(440, 44100, level=0.2)], axis=1)
    soundfile.write(tmp_path / name, stereo, 44100, subtype=subtype)
    check_tone(whole(tmp_path / name), 440, 0.3, 1.0, within)


@pytest.mark.parametrize("rate", [1000, 8000, 11025, 22050, 48000, 96000, 192000, 384000])
def test_every_sample_rate_keeps_pitch_level_and_length(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", tone(200, rate), rate, subtype="FLOAT")
    check_tone(whole(tmp_path / "a.wav"), 200, 0.3, 1.0, 0.001)


def test_what_the_lower_rate_cannot_hold_is_filtered_out(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(30_000, 192_000), 192_000, subtype="FLOAT")
    assert np.abs(whole(tmp_path / "a.wav")[500:-500]).max() < 1e-4


@pytest.mark.parametrize("channels", [1, 2, 8, 64])
def test_mono_is_the_mean_of_the_channels(tmp_path, channels):
    samples = np.random.default_rng(0).uniform(-1, 1, (RATE, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    np.testing.assert_allclose(whole(tmp_path / "a.wav"), samples.mean(axis=1), atol=1e-6)
    assert survey(tmp_path / "a.wav", RATE).channels == channels


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_a_stream_of_small_blocks_is_the_whole_file_resampled(tmp_path, monkeypatch, rate):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * rate).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
    monkeypatch.setattr(recordings, "BLOCK_VALUES", 777)
    blocks = list(stream_mono(tmp_path / "a.wav", RATE))
    assert len(blocks) > 20
    np.testing.assert_allclose(np.concatenate(blocks), soxr.resample(samples, rate, RATE), atol=1e-5)


@pytest.mark.parametrize("block_values", [1000, 1 << 18])
def test_a_survey_tells_length_and_level(tmp_path, monkeypatch, block_values):
    monkeypatch.setattr(recordings, "BLOCK_VALUES", block_values)
    samples = np.concatenate([np.zeros(RATE), tone(440, RATE, 1.23), np.zeros(999)]).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    found = survey(tmp_path / "a.wav", RATE)
    assert (found.sample_rate, found.channels, found.samples) == (RATE, 1, len(samples))
    assert found.duration_s == pytest.approx(len(samples) / RATE)
    assert found.level == pytest.approx(active_rms(window_rms(samples[None], RATE))[0], rel=1e-6)
    assert found.level == pytest.approx(0.3 / 2**0.5, rel=0.03)  # of the tone, not of the rests around it


@pytest.mark.parametrize(
    "samples", [np.zeros((RATE, 1)), tone(440, RATE)[:, None] * [1, -1]], ids=["zeros", "opposite"]
)
def test_silence_and_channels_that_cancel_are_silent_not_wrong(tmp_path, samples):
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    assert survey(tmp_path / "a.wav", RATE).level == 0


@pytest.mark.parametrize(
    ("channels", "lost_db"),
    [([1, 1], 0), ([1, 0], 10 * np.log10(2)), ([1, -0.5], 10 * np.log10(10)), ([1, -1], np.inf), ([0, 0], 0)],
)
def test_a_survey_tells_how_far_channels_cancel(tmp_path, channels, lost_db):
    """Of 1 and -1/2 the mean is 1/4: a power of 1/16 beside (1 + 1/4) / 2 = 10/16 of the channels."""
    soundfile.write(tmp_path / "a.wav", tone(440, RATE)[:, None] * channels, RATE, subtype="FLOAT")
    assert survey(tmp_path / "a.wav", RATE).cancelled_db == pytest.approx(lost_db, abs=0.01)


def test_a_name_that_is_not_utf_8_is_read(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    soundfile.write(tmp_path / "a.wav", tone(440, RATE), RATE)
    (tmp_path / "a.wav").rename(path)
    check_tone(whole(path), 440, 0.3, 1.0, 0.001)


def test_a_folder_stands_for_its_recordings(tmp_path):
    for name in ("b.WAV", "sub/a.flac", "c.m4a", "notes.txt", "._b.wav", "sub/.hidden.mp3"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_recordings(tmp_path)]
    assert found == ["b.WAV", "c.m4a", "sub/a.flac"]
    assert find_recordings(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="empty: has no recordings; it must hold files that end in"):
        find_recordings(tmp_path / "empty")


def test_a_wav_written_into_a_pipe_is_whole(tmp_path):
    """A program that writes into a pipe can't know the length; it gives the largest there is."""
    soundfile.write(tmp_path / "a.wav", tone(440, RATE), RATE)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    place = content.index(b"data") + 4
    for size in (0xFFFFFFFF, 0x7FFFF000):
        content[place : place + 4] = size.to_bytes(4, "little")
        (tmp_path / "b.wav").write_bytes(content)
        check_tone(whole(tmp_path / "b.wav"), 440, 0.3, 1.0, 0.001)


def test_a_flac_stream_without_a_length_is_whole(tmp_path):
    soundfile.write(tmp_path / "a.flac", tone(440, RATE), RATE)
    content = bytearray((tmp_path / "a.flac").read_bytes())
    content[21] &= 0xF0  # the 36 bits of STREAMINFO for the number of samples: unknown
    content[22:26] = bytes(4)
    (tmp_path / "a.flac").write_bytes(content)
    check_tone(whole(tmp_path / "a.flac"), 440, 0.3, 1.0, 0.001)


def written(name: str, samples: np.ndarray, rate: int = RATE, **options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        soundfile.write(folder / name, samples, rate, **options)
        return folder / name

    return make


def content(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def cut(name: str, share: float, **options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, 20 * RATE)
        soundfile.write(folder / name, noise, RATE, **options)
        whole_file = (folder / name).read_bytes()
        (folder / name).write_bytes(whole_file[: round(len(whole_file) * share)])
        return folder / name

    return make


def damaged(folder: Path) -> Path:
    path = cut("a.flac", 1.0)(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 5000] = np.random.default_rng(1).bytes(5000)
    path.write_bytes(data)
    return path


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "a.wav")
    return folder / "a.wav"


def with_one(value: float) -> np.ndarray:
    samples = tone(440, RATE)
    samples[11025] = value
    return samples


BAD = {
    "missing": (lambda folder: folder / "a.wav", "there is no such file"),
    "too long a name": (lambda folder: folder / ("a" * 300), "there is no such file"),
    "a folder": (lambda folder: folder, "is a folder"),
    "a pipe": (fifo, "is a folder or a device"),
    "empty": (content("a.wav", b""), "is an empty file"),
    "text": (content("a.wav", b"la la la\n" * 1000), "holds no sound that can be read"),
    "text named mp3": (content("a.mp3", b"la la la\n" * 1000), "holds no sound that can be read"),
    "MP4 audio": (
        content("a.m4a", b"\0\0\0\x20ftypM4A " + bytes(99)),
        "M4A is not supported: convert it to WAV or FLAC",
    ),
    "MP4 audio named wav": (content("a.wav", b"\0\0\0\x20ftypM4A " + bytes(99)), "M4A is not supported: convert it"),
    "by its name": (content("a.m4a", b"la la la\n" * 100), "M4A is not supported: convert it"),
    "Windows Media": (content("a.wma", bytes.fromhex("3026b2758e66cf11") + bytes(99)), "WMA is not supported"),
    "no header": (content("a.raw", bytes(10_000)), "holds no sound that can be read"),
    "no samples": (written("a.wav", np.zeros(0)), "holds no samples"),
    "one sample": (written("a.wav", np.ones(1)), r"is too short, 1 sample \(0.000 s\); it must be at least 0.1 s"),
    "too short": (written("a.wav", np.ones(2204)), "is too short, 2,204 samples"),
    "not a number": (written("a.wav", with_one(np.nan), subtype="FLOAT"), r"a sample of \[nan\] at 0.500 s"),
    "infinite": (written("a.wav", with_one(-np.inf), subtype="FLOAT"), r"a sample of \[-inf\] at 0.500 s"),
    "beyond all scale": (written("a.wav", with_one(1e30), subtype="FLOAT"), "samples must be finite numbers"),
    "too low a rate": (
        written("a.wav", np.zeros(9999), 999),
        "sample rate of 999 Hz; it must be from 1,000 to 384,000",
    ),
    "too high a rate": (written("a.wav", np.zeros(99999), 768_000), "sample rate of 768,000 Hz"),
    "too many channels": (written("a.wav", np.zeros((9999, 65))), "has 65 channels; it must have at most 64"),
    "cut WAV": (cut("a.wav", 0.5), "its header promises 20.0 s, but there are 10.0 s"),
    "cut AIFF": (cut("a.aiff", 0.5), "its header promises 20.0 s, but there are 10.0 s"),
    "cut W64": (cut("a.w64", 0.5, format="W64"), "its header promises 20.0 s, but there are 10.0 s"),
    "cut RF64": (cut("a.rf64", 0.5, format="RF64"), "its header promises 20.0 s, but there are 10.0 s"),
    "cut FLAC": (cut("a.flac", 0.5), "is cut off or damaged"),
    "cut MP3": (cut("a.mp3", 0.5), "is cut off or damaged: its header promises 20.0 s"),
    "cut OGG": (cut("a.ogg", 0.5), "is cut off or damaged"),
    "cut in its header": (cut("a.wav", 0.00004), "holds no sound that can be read, or is damaged"),
    "damaged FLAC": (damaged, "is cut off or damaged"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_what_would_be_right(tmp_path, case):
    make, message = BAD[case]
    path = make(tmp_path)
    for read in (whole, lambda path: survey(path, RATE)):
        with pytest.raises(AudioError, match=message) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert caught.value.exit_code == 2


def test_the_shortest_recording_is_read(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones(2205) * 0.1, RATE)
    assert survey(tmp_path / "a.wav", RATE).samples == 2205


@pytest.mark.slow
def test_three_hours_take_little_memory(tmp_path):
    """Whole, they would take 346 MB as float32 at 8 kHz, and more when resampled."""
    hours = tmp_path / "long.flac"
    with soundfile.SoundFile(hours, "w", 8000, 1, subtype="PCM_S8") as file:
        minute = tone(440, 8000, 60)
        for _ in range(180):
            file.write(minute)
    soundfile.write(tmp_path / "short.flac", tone(440, 8000, 20), 8000)
    code = (
        "import resource, sys; from pathlib import Path; from reprise.audio.recordings import survey\n"
        "for name in sys.argv[1:]:\n"
        "    samples = survey(Path(name), 16000).samples\n"
        "    print(samples, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "short.flac"), str(hours)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert int(lines[2]) == 3 * 3600 * 16000
    assert int(lines[3]) - int(lines[1]) < 50 * 1024, "kilobytes more than for 20 s"


def test_hidden_folders_are_not_searched(tmp_path):
    for name in (".trash", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.wav").touch()
    assert find_recordings(tmp_path) == [tmp_path / "open" / "a.wav"]


def test_a_tag_of_an_mp3_that_does_not_say_its_length_is_no_sound(tmp_path):
    """A cover's picture lies in the tag; without the encoder's first frame all bytes are taken for sound."""
    path = tmp_path / "song.mp3"
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(5 * 44100) / 44100)
    soundfile.write(path, tone, 44100, format="MP3", bitrate_mode="CONSTANT", compression_level=0.5)
    whole = path.read_bytes()
    sound = whole[whole.index(b"\xff\xfb", 4) :]
    cover = 100_000
    tag = b"ID3\x04\x00\x00" + bytes((cover >> 7 * place) & 0x7F for place in (3, 2, 1, 0)) + bytes(cover)
    path.write_bytes(tag + sound)
    assert sum(map(len, stream_mono(path, 44100))) == pytest.approx(5 * 44100, rel=0.02)
    path.write_bytes(tag + whole[: len(whole) // 2])
    with pytest.raises(AudioError, match="is cut off or damaged"):
        list(stream_mono(path, 44100))
