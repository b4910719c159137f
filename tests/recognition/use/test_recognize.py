"""Instruments over time, heard by a network that takes each instrument for a tone, so that the truth is known."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from tiny_recognizer import CONFIG, RATE, SPECTROGRAM, ToneDetector, save_tiny_recognizer, tone_of

from reprise.audio.recordings import survey
from reprise.audio.spectrogram import log_mel
from reprise.errors import AudioError, BadInput
from reprise.music.instruments import INSTRUMENT_NAMES
from reprise.recognition.model import load_recognizer
from reprise.recognition.use import timeline
from reprise.recognition.use.own_recordings import Labels, evaluate_recordings, figures, read_labels, write_rows
from reprise.recognition.use.recognize import (
    as_dict,
    clock,
    confidence_of,
    cut_windows,
    gain_of,
    hop_samples,
    pick_device,
    recognize,
    sounding_steps,
    spans_of,
)
from reprise.recognition.use.timeline import decimated_log_mel, draw_timeline, moments_of

ALWAYS = -1000.0  # a level in dB that everything has


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Threads cost these small networks more than they bring, above all beside other programs."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def duet(tmp_path_factory) -> Path:
    """30 s: a trumpet all the time, a piccolo from 10 s to 20 s."""
    samples = tone_of("trumpet", 30)
    samples[10 * RATE : 20 * RATE] += tone_of("piccolo", 10)
    return write(tmp_path_factory.mktemp("duet") / "duet.wav", samples)


def test_instruments_are_heard_when_they_play(duet):
    found = recognize(ToneDetector(), CONFIG, duet)
    assert {heard.instrument for heard in found.heard} == {"trumpet", "piccolo"}
    spans = {heard.instrument: heard.spans for heard in found.heard}
    np.testing.assert_allclose(spans["trumpet"], [(0, 30)], atol=0.2)  # a step lasts 0.19 s
    np.testing.assert_allclose(spans["piccolo"], [(10, 20)], atol=0.4)
    for heard in found.heard:
        assert heard.seconds == pytest.approx(sum(end - start for start, end in heard.spans))
        assert heard.confidence > 0.99


def test_windows_cover_the_recording_and_decide_by_the_thresholds(duet):
    found = recognize(ToneDetector(), CONFIG, duet)
    hop_s = hop_samples(CONFIG) / RATE
    assert hop_s == pytest.approx(2, abs=0.1)
    np.testing.assert_allclose(found.starts_s, np.arange(len(found.starts_s)) * hop_s)
    assert found.ends_s[-1] == pytest.approx(30)
    np.testing.assert_allclose(found.ends_s[:-1] - found.starts_s[:-1], 4)
    assert found.probabilities.shape == (len(found.starts_s), len(INSTRUMENT_NAMES))
    np.testing.assert_array_equal(found.decisions, found.probabilities >= 0.5)
    overlap_s = np.minimum(found.ends_s, 20) - np.maximum(found.starts_s, 10)
    decisions = found.decisions[:, INSTRUMENT_NAMES.index("piccolo")]
    assert decisions[overlap_s > 0.4].all() and not decisions[overlap_s < -0.1].any()
    assert hop_samples(CONFIG) % (4 * SPECTROGRAM.hop_length) == 0  # the steps of neighbours lie on one grid


@pytest.mark.parametrize("rate", [8000, 44100])
def test_rate_and_channels_of_the_file_do_not_matter(tmp_path, rate):
    mono = tone_of("acoustic_grand_piano", 8, rate)
    found = recognize(ToneDetector(), CONFIG, write(tmp_path / "a.wav", np.stack([mono, mono], axis=1), rate))
    assert [heard.instrument for heard in found.heard] == ["acoustic_grand_piano"]


def test_a_recording_of_one_clip_gets_the_networks_answer_for_a_clip(tmp_path):
    network, config = load_recognizer(save_tiny_recognizer(tmp_path))
    path = write(tmp_path / "a.wav", tone_of("violin", 4))
    found = recognize(network, config, path)
    samples = tone_of("violin", 4).astype(np.float32) * gain_of(survey(path, RATE))
    with torch.inference_mode():
        logits, _ = network(torch.from_numpy(log_mel(samples, RATE, SPECTROGRAM))[None])
    assert len(found.probabilities) == 1
    np.testing.assert_allclose(found.confidence, logits.sigmoid()[0].numpy(), atol=1e-4)


@pytest.mark.parametrize("gain", [1e-2, 0.3, 3.0])
def test_how_loud_a_recording_is_does_not_matter(tmp_path, gain):
    network, config = load_recognizer(save_tiny_recognizer(tmp_path))
    samples = np.random.default_rng(0).normal(0, 0.1, 9 * RATE)
    expected = recognize(network, config, write(tmp_path / "a.wav", samples)).probabilities
    found = recognize(network, config, write(tmp_path / "b.wav", samples * gain)).probabilities
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_soft_passages_stay_softer_than_loud_ones(tmp_path):
    """One gain for the whole recording: a tone 40 dB below the other doesn't come up to it."""
    samples = np.concatenate([tone_of("trumpet", 10), tone_of("piccolo", 10, level=0.003)])
    found = recognize(ToneDetector(), CONFIG, write(tmp_path / "a.wav", samples))
    assert [heard.instrument for heard in found.heard] == ["trumpet"]
    alone = recognize(ToneDetector(), CONFIG, write(tmp_path / "b.wav", samples[10 * RATE :]))
    assert [heard.instrument for heard in alone.heard] == ["piccolo"]


@pytest.mark.parametrize("noise", [0.0, 1e-4], ids=["digital silence", "noise at -80 dBFS"])
def test_nothing_is_heard_in_silence(tmp_path, noise):
    """Not even by a network that hears everything everywhere."""
    samples = np.random.default_rng(0).normal(0, 1, 9 * RATE) * noise
    found = recognize(ToneDetector(ALWAYS), CONFIG, write(tmp_path / "a.wav", samples))
    assert found.heard == ()
    assert not found.probabilities.any()


def test_a_silent_stretch_is_silent_beside_music(tmp_path):
    samples = np.concatenate([tone_of("trumpet", 10), np.zeros(20 * RATE)])
    found = recognize(ToneDetector(ALWAYS), CONFIG, write(tmp_path / "a.wav", samples))
    assert not found.decisions[found.starts_s > 10.1].any()
    assert found.decisions[found.starts_s < 9.5].all()


@pytest.mark.parametrize(
    ("seconds", "windows"), [(0.1, 1), (0.5, 1), (3.99, 1), (4.0, 1), (4.01, 2), (6.0, 2), (6.1, 3)]
)
def test_recordings_of_every_length_are_heard(tmp_path, seconds, windows):
    network, config = load_recognizer(save_tiny_recognizer(tmp_path))
    found = recognize(network, config, write(tmp_path / "a.wav", tone_of("violin", seconds)))
    assert len(found.probabilities) == windows
    assert found.ends_s[-1] == pytest.approx(seconds, abs=1e-3)
    assert np.isfinite(found.probabilities).all()
    assert recognize(ToneDetector(), CONFIG, tmp_path / "a.wav").heard[0].instrument == "violin"


@settings(deadline=None, max_examples=50)
@given(
    total=st.integers(1, 300),
    length=st.integers(1, 60),
    share=st.floats(0.1, 1),
    cuts=st.lists(st.integers(0, 300), max_size=8),
)
def test_windows_do_not_depend_on_how_the_stream_is_cut(total, length, share, cuts):
    samples = np.arange(total, dtype=np.float32)
    hop = max(1, round(length * share))
    windows = list(cut_windows(np.split(samples, sorted(min(cut, total) for cut in cuts)), length, hop))
    for index, window in enumerate(windows):
        np.testing.assert_array_equal(window, samples[index * hop : index * hop + length])
    assert all(len(window) == length for window in windows[:-1])
    assert windows[-1][-1] == samples[-1]
    assert len(windows[-1]) > length - hop or len(windows) == 1


def test_confidence_is_that_of_the_surest_three_windows_at_odds_that_fall_with_their_number():
    one = np.array([[0.9, 0.2]])
    np.testing.assert_allclose(confidence_of(one), [0.9, 0.2])
    np.testing.assert_allclose(confidence_of(np.array([[0.9], [0.3]])), [0.6])  # fewer than three: their mean
    np.testing.assert_allclose(confidence_of(np.array([[0.9], [0.3], [0.0]])), [0.4])
    solo = np.zeros((48, 1))  # 16 stretches: 16 ** 0.75 is 8
    solo[20:23] = 0.8  # odds of 4 to 1
    np.testing.assert_allclose(confidence_of(solo), [0.5 / 1.5])
    solo[20:23] = 1
    np.testing.assert_allclose(confidence_of(solo), [1])


def test_a_long_recording_does_not_collect_false_instruments():
    """Noise about probabilities of .15: of 12 stretches one reaches .4 now and then, and so would their maximum."""
    rng = np.random.default_rng(0)
    noise = rng.beta(0.6, 3.4, (200, 36, 1))  # mean .15
    surest = np.lib.stride_tricks.sliding_window_view(noise, 3, axis=1).mean(axis=-1).max(axis=1)
    assert (surest >= 0.4).mean() > 0.2
    assert np.mean([confidence_of(windows) >= 0.4 for windows in noise]) < 0.03


def test_an_instrument_sounds_at_the_sure_steps_of_the_windows_that_decide_for_it():
    steps = [np.full((22, 12), 0.2) for _ in range(3)]
    steps[0][[5, 15], 6] = 0.8
    steps[1][2, 6] = 0.9  # the second window begins at step 11 and doesn't decide for it
    steps[2][3, 6] = 0.7  # the third begins at step 22
    decisions = np.zeros((3, 12), bool)
    decisions[[0, 2], 6] = True
    sounding = sounding_steps(decisions, steps, CONFIG)
    assert sounding.shape == (44, 12)
    assert np.argwhere(sounding).tolist() == [[5, 6], [15, 6], [25, 6]]


def test_spans_join_over_short_rests_and_end_with_the_recording():
    sounding = np.zeros(20, bool)
    sounding[[0, 1, 3, 10, 18, 19]] = True
    spans = spans_of(sounding, step_s=0.5, duration_s=9.8)
    assert spans == ((0.0, 2.0), (5.0, 5.5), (9.0, 9.8))  # a rest of 0.5 s is played over, one of 3 s isn't
    assert spans_of(np.zeros(5, bool), 0.5, 2.5) == ()


def test_moments_are_means_of_the_windows_that_hear_them():
    np.testing.assert_allclose(moments_of(np.array([[1.0], [0.0], [0.5]])), [[1.0], [0.5], [0.25], [0.5]])


def test_clock():
    assert [clock(seconds) for seconds in (0, 65.2, 3599.7, 10800)] == ["0:00", "1:05", "1:00:00", "3:00:00"]


def test_a_result_as_json_values(duet):
    found = recognize(ToneDetector(), CONFIG, duet)
    values = as_dict(found, CONFIG)
    assert values["duration_s"] == 30 and values["sample_rate"] == RATE and values["channels"] == 1
    assert values["level_dbfs"] == pytest.approx(20 * np.log10(found.survey.level), abs=0.05)
    assert [row["instrument"] for row in values["instruments"]] == [heard.instrument for heard in found.heard]
    assert len(values["windows"]) == len(found.probabilities)
    assert values["windows"][0]["probabilities"]["trumpet"] == pytest.approx(found.probabilities[0, 6], abs=1e-3)


@pytest.mark.parametrize(("channels", "told"), [([1, 1], 0), ([1, 0], 0), ([1, -0.9], 1), ([1, -1], 1), ([1] * 8, 0)])
def test_channels_that_cancel_are_noted(tmp_path, channels, told):
    path = write(tmp_path / "a.wav", tone_of("violin", 2)[:, None] * channels)
    notes = as_dict(recognize(ToneDetector(), CONFIG, path), CONFIG)["notes"]
    assert len(notes) == told and all("channels cancel each other" in note for note in notes)


def test_cuda_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(BadInput, match=r"--device cuda: .* use auto or cpu"):
        pick_device("cuda")


@pytest.mark.slow
def test_three_hours_are_heard_in_little_memory(tmp_path):
    """At 2 kHz, to be quick; whole, the spectrogram and the 8 kHz samples would take 430 MB."""
    with soundfile.SoundFile(tmp_path / "long.flac", "w", 8000, 1, subtype="PCM_S8") as file:
        for minute in range(180):
            level = 0.5 if 60 <= minute < 70 else 0
            file.write(level * np.sin(2 * np.pi * 440 * np.arange(60 * 8000) / 8000))
    soundfile.write(tmp_path / "short.flac", np.sin(np.arange(20 * 8000)), 8000)
    code = """
import resource, sys
from dataclasses import replace
from pathlib import Path
import torch
from tiny_recognizer import CONFIG, SPECTROGRAM, ToneDetector
from reprise.recognition.use.recognize import recognize
torch.set_num_threads(1)
spectrogram = replace(SPECTROGRAM, n_fft=256, hop_length=128, fmax_hz=1000)
config = replace(CONFIG, sample_rate=2000, clip_s=16.0, spectrogram=spectrogram)
for name in sys.argv[1:]:
    found = recognize(ToneDetector(), config, Path(name))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, end=" ")
print(len(found.probabilities), *found.heard[0].spans[0], len(found.heard[0].spans))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "short.flac"), str(tmp_path / "long.flac")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT / "tests")
    assert result.returncode == 0, result.stderr
    before, after, windows, start, end, spans = map(float, result.stdout.split())
    assert after - before < 100 * 1024, "kilobytes more than for 20 s"
    assert windows == pytest.approx(3 * 3600 / 8, rel=0.05)
    assert (start, end, spans) == (pytest.approx(3600, abs=0.5), pytest.approx(4200, abs=0.5), 1)
    assert "100%" in result.stderr  # long work shows its progress


def test_a_picture_is_written_whole(duet, tmp_path):
    path = tmp_path / "duet.png"
    draw_timeline(recognize(ToneDetector(), CONFIG, duet), CONFIG, duet, path)
    assert path.read_bytes().startswith(b"\x89PNG") and path.read_bytes()[-8:-4] == b"IEND"
    assert [entry.name for entry in tmp_path.iterdir()] == ["duet.png"]


def test_a_picture_of_a_short_recording_with_an_odd_name(tmp_path):
    recording = write(tmp_path / "a.wav", tone_of("violin", 0.1)).rename(tmp_path / os.fsdecode(b"$a_b^caf\xe9.wav"))
    draw_timeline(recognize(ToneDetector(), CONFIG, recording), CONFIG, recording, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("duration_s", "ticks", "unit"),
    [
        (0.1, ["0", "0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.09", "0.1"], "s"),
        (1, ["0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1"], "s"),
        (4.05, ["0", "0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4"], "s"),
        (45, ["0", "5", "10", "15", "20", "25", "30", "35", "40", "45"], "s"),
        (65, ["0:00", "0:10", "0:20", "0:30", "0:40", "0:50", "1:00"], "minutes:seconds"),
        (200, ["0:00", "0:30", "1:00", "1:30", "2:00", "2:30", "3:00"], "minutes:seconds"),
        (4000, ["0:00", "10:00", "20:00", "30:00", "40:00", "50:00", "1:00:00"], "hours:minutes:seconds"),
        (36 * 3600, [f"{hour}:00:00" if hour else "0:00" for hour in range(0, 37, 4)], "hours:minutes:seconds"),
    ],
)
def test_the_time_axis_has_round_times_each_once(duration_s, ticks, unit):
    axis = timeline.plt.figure().subplots()
    axis.set_xlim(0, duration_s)
    timeline.set_time_axis(axis, duration_s)
    assert [label.get_text() for label in axis.get_xticklabels()] == ticks
    assert axis.get_xlabel() == f"time ({unit})" and axis.get_xlim() == (0, duration_s)
    timeline.plt.close("all")


def test_nothing_is_left_of_a_picture_that_fails(duet, tmp_path, monkeypatch):
    def full_disk(self, path, **options):
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(timeline.plt.Figure, "savefig", full_disk)
    with pytest.raises(OSError, match="No space left"):
        draw_timeline(recognize(ToneDetector(), CONFIG, duet), CONFIG, duet, tmp_path / "duet.png")
    assert not list(tmp_path.iterdir())


def test_long_recordings_are_drawn_with_fewer_columns(duet, monkeypatch):
    found = recognize(ToneDetector(), CONFIG, duet)
    samples = soundfile.read(duet, dtype="float32")[0] * gain_of(found.survey)
    frames = log_mel(samples, RATE, SPECTROGRAM)
    np.testing.assert_allclose(decimated_log_mel(found, CONFIG, duet), frames[:, : len(samples) // 1024], atol=1e-3)
    monkeypatch.setattr(timeline, "MOST_COLUMNS", 100)
    monkeypatch.setattr(timeline, "CHUNK_FRAMES", 64)
    few = decimated_log_mel(found, CONFIG, duet)
    assert 90 <= few.shape[1] <= 110
    means = np.add.reduceat(frames, range(0, frames.shape[1] - 1, 7), axis=1)[:, :92] / 7
    assert np.median(np.abs(few[:, :92] - means)) < 0.01  # all but the frames at the seams


TRIO = ("violin", "trumpet", "celesta")


def record_solos(folder: Path, count: int) -> np.ndarray:
    """`count` recordings of 5 s, each of one of `TRIO` in turn; returns which, 0/1 [count, 3]."""
    labels = np.zeros((count, len(TRIO)))
    for index in range(count):
        labels[index, index % 3] = 1
        write(folder / f"{index}.wav", tone_of(TRIO[index % 3], 5))
    return labels


def test_scores_of_labelled_recordings(tmp_path):
    labels = record_solos(tmp_path, 6)
    files = tuple(f"{index}.wav" for index in range(6))
    result = evaluate_recordings(ToneDetector(), CONFIG, Labels(files, TRIO, labels), tmp_path)
    for figure in ("macro_f1", "micro_f1", "mean_average_precision"):
        assert result[figure] == {"value": 1.0, "low": pytest.approx(1, abs=0.7), "high": 1.0, "count": 6}
    assert result["recordings"] == 6 and result["skipped"] == []
    wrong = labels.copy()
    wrong[0] = [0, 1, 0]  # the first violin labelled a trumpet
    result = evaluate_recordings(ToneDetector(), CONFIG, Labels(files, TRIO, wrong), tmp_path)
    assert result["macro_f1"]["value"] == pytest.approx(f1_score(wrong, labels, average="macro"), abs=1e-4)
    assert result["micro_f1"]["value"] == pytest.approx(5 / 6, abs=1e-4)
    assert result["per_instrument"]["violin"]["precision"] == 0.5
    assert result["per_instrument"]["trumpet"] == {
        "f1": 0.8,
        "precision": 1.0,
        "recall": pytest.approx(2 / 3, abs=1e-4),
        "average_precision": pytest.approx(2 / 3 + 1 / 3 * 3 / 6, abs=0.2),
        "support": 3,
        "base_rate": 0.5,
        "false_alarms": 0,
        "labelled": 6,
    }


def test_averages_are_over_the_instruments_that_occur():
    """Four recordings, each right: with ten instruments that none has, macro-F1 is 1 as well, and not 2/12."""
    names = tuple("abcdefghijkl")
    actual = np.zeros((4, 12))
    actual[:2, 0] = actual[2:, 1] = 1
    result = figures(names, actual, actual, actual)
    for figure in ("macro_f1", "micro_f1", "mean_average_precision"):
        assert result[figure] == {"value": 1.0, "low": 1.0, "high": 1.0, "count": 4}
    assert result["mean_base_rate"]["value"] == 0.5 and result["false_alarms_a_recording"]["value"] == 0
    assert result["per_instrument"]["c"] == {
        **dict.fromkeys(("f1", "precision", "recall", "average_precision")),
        "support": 0,
        "base_rate": 0.0,
        "false_alarms": 0,
        "labelled": 4,
    }
    claims = actual.copy()
    claims[0, 2] = 1  # of an instrument that nobody has
    result = figures(names, actual, actual, claims)
    assert result["macro_f1"]["value"] == 1 and result["micro_f1"]["value"] == pytest.approx(8 / 9, abs=1e-4)
    assert result["false_alarms_a_recording"]["value"] == 0.25
    assert result["per_instrument"]["c"]["false_alarms"] == 1 and result["per_instrument"]["c"]["precision"] == 0


def test_what_nobody_labelled_counts_nowhere():
    """The violin is labelled in three recordings: what is claimed of it in the fourth is neither right nor wrong."""
    names = ("violin", "trumpet")
    actual = np.array([[1, 0], [0, 1], [1, 1], [np.nan, 0]])
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.9], [0.95, 0.7]])
    claims = (scores >= 0.5).astype(float)
    result = figures(names, actual, scores, claims)
    violin = result["per_instrument"]["violin"]
    assert (violin["labelled"], violin["support"], violin["false_alarms"]) == (3, 2, 0)
    assert (violin["precision"], violin["recall"]) == (1, 0.5) and violin["base_rate"] == pytest.approx(2 / 3, abs=1e-4)
    assert violin["average_precision"] == 1  # the fourth recording's .95 would come first
    assert result["per_instrument"]["trumpet"]["false_alarms"] == 1
    assert result["macro_f1"]["value"] == pytest.approx((2 / 3 + 4 / 5) / 2, abs=1e-4)
    assert result["micro_f1"]["value"] == pytest.approx(2 * 3 / (4 + 4), abs=1e-4)


def test_an_instrument_that_nobody_labelled_has_no_figures():
    """Its column is there, and empty: nothing is known of it, and the others' figures are theirs alone."""
    actual = np.array([[1.0, np.nan], [0.0, np.nan]])
    found = figures(
        ("violin", "trumpet"), actual, np.array([[0.9, 0.8], [0.1, 0.2]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    )
    assert found["macro_f1"]["value"] == found["mean_average_precision"]["value"] == 1
    row = found["per_instrument"]["trumpet"]
    assert row["labelled"] == row["support"] == row["false_alarms"] == 0 and row["f1"] is row["base_rate"] is None


def test_labels_without_a_single_one_have_false_alarms_alone():
    result = figures(("violin",), np.zeros((2, 1)), np.ones((2, 1)), np.array([[1.0], [0.0]]))
    assert result["false_alarms_a_recording"]["value"] == 0.5 and "macro_f1" not in result


def test_each_recording_s_answers_are_told_and_written(tmp_path):
    labels = record_solos(tmp_path, 3)
    labels[1] = [0, np.nan, 1]  # plays a trumpet alone, which nobody labelled, and no celesta
    files = ("0.wav", "1.wav", "2.wav")
    rows = evaluate_recordings(ToneDetector(), CONFIG, Labels(files, TRIO, labels), tmp_path)["files"]
    assert [row["file"] for row in rows] == list(files)
    assert [row["heard"] for row in rows] == [["violin"], ["trumpet"], ["celesta"]]
    assert [row["missed"] for row in rows] == [[], ["celesta"], []] and not any(row["false_alarms"] for row in rows)
    write_rows(rows, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "file,instrument,label,confidence,heard" and len(lines) == 10
    assert lines[1].startswith("0.wav,violin,1,") and lines[1].endswith(",1")
    assert lines[5].startswith("1.wav,trumpet,,") and lines[5].endswith(",1")


def test_each_instrument_is_held_to_its_own_threshold(tmp_path):
    """A subset of the instruments, in another order than the recognizer's: columns must not be mixed up."""
    labels = record_solos(tmp_path, 3)
    thresholds = tuple(1.1 if name == "trumpet" else 0.5 for name in INSTRUMENT_NAMES)
    config = type(CONFIG)(**{**CONFIG.__dict__, "thresholds": thresholds})
    result = evaluate_recordings(ToneDetector(), config, Labels(("0.wav", "1.wav", "2.wav"), TRIO, labels), tmp_path)
    assert {name: row["recall"] for name, row in result["per_instrument"].items()} == {
        "violin": 1,
        "trumpet": 0,
        "celesta": 1,
    }


def test_a_broken_recording_is_skipped_and_counted(tmp_path):
    labels = record_solos(tmp_path, 4)
    (tmp_path / "2.wav").write_text("la la la")
    files, reported = tuple(f"{index}.wav" for index in range(4)), []
    result = evaluate_recordings(ToneDetector(), CONFIG, Labels(files, TRIO, labels), tmp_path, reported.append)
    assert result["recordings"] == result["macro_f1"]["count"] == 3
    assert [row["file"] for row in result["skipped"]] == ["2.wav"]
    assert "holds no sound" in result["skipped"][0]["error"] and "2.wav" in str(reported[0])
    assert result["per_instrument"]["celesta"]["support"] == 0
    with pytest.raises(AudioError, match="none of the 1 recordings"):
        evaluate_recordings(ToneDetector(), CONFIG, Labels(("2.wav",), TRIO, labels[:1]), tmp_path)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two files that are there, one in a folder below; labels never open them."""
    (tmp_path / "audio" / "live").mkdir(parents=True)
    for name in ("a.wav", "live/b.wav"):
        (tmp_path / "audio" / name).touch()
    (tmp_path / "outside.wav").touch()
    return tmp_path / "audio"


def labels_from(content: bytes | str, folder: Path) -> Labels:
    table = folder.parent / "labels.csv"
    table.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_labels(table, folder, INSTRUMENT_NAMES)


@pytest.mark.parametrize(
    "content",
    [
        "file,violin,trumpet\na.wav,1,0\nlive/b.wav,0,1\n",
        "\ufefffile,violin,trumpet\r\n./a.wav, 1 ,0\r\n\r\nlive//b.wav,0,1\r\n",
        'violin,file,trumpet\n1,"a.wav",0\n0,"live/b.wav",1',
    ],
    ids=["plain", "as a spreadsheet writes it", "another order"],
)
def test_labels_are_read(folder, content):
    labels = labels_from(content, folder)
    assert labels.files == ("a.wav", "live/b.wav") and labels.instruments == ("violin", "trumpet")
    np.testing.assert_array_equal(labels.values, [[1, 0], [0, 1]])


def test_an_empty_cell_is_an_unknown_label(folder):
    labels = labels_from("file,violin,trumpet\na.wav,1,\nlive/b.wav, ,0\n", folder)
    np.testing.assert_array_equal(labels.values, [[1, np.nan], [np.nan, 0]])


BAD_LABELS = {
    "unknown instrument": ("file,piano\na.wav,1\n", "column 'piano' is no instrument .*acoustic_grand_piano"),
    "no file column": ("name,violin\na.wav,1\n", "has no column 'file', but 'name', 'violin'"),
    "semicolons": ("file;violin\na.wav;1\n", "has no column 'file', but 'file;violin'; .*commas"),
    "no instrument": ("file\na.wav\n", "has no instruments"),
    "column twice": ("file,violin,violin\na.wav,1,1\n", "column 'violin' stands there twice"),
    "file column twice": ("file,file,violin\na.wav,a.wav,1\n", "column 'file' stands there twice"),
    "unnamed column": ("file,violin,\na.wav,1,0\n", "column '' is no instrument"),
    "file twice": ("file,violin\na.wav,1\n./a.wav,0\n", "line 3: 'a.wav' stands in line 2 already"),
    "neither 0 nor 1": ("file,violin\na.wav,yes\n", "line 2, column 'violin': is 'yes'; it must be 0, 1 or empty"),
    "no label at all": ("file,violin\na.wav,\nlive/b.wav,\n", "labels nothing; some cells .* must be 0 or 1"),
    "missing file": ("file,violin\nno.wav,1\n", "line 2, column 'file': there is no file 'no.wav' in"),
    "no file named": ("file,violin\n,1\n", "line 2, column 'file': there is no file ''"),
    "a folder": ("file,violin\nlive,1\n", "line 2, column 'file': there is no file 'live' in"),
    "out of the folder": ("file,violin\n../outside.wav,1\n", "'../outside.wav' leads out of"),
    "out by a detour": ("file,violin\nlive/../../outside.wav,1\n", "leads out of"),
    "absolute": ("file,violin\n/etc/hostname,1\n", "'/etc/hostname' leads out of"),
    "null byte": ("file,violin\n\0,1\n", "column 'file'|no CSV file"),
    "short row": ("file,violin,trumpet\na.wav,1\n", "line 2: has 2 cells; it must have 3"),
    "long row": ("file,violin\na.wav,1,1\n", "line 2: has 3 cells; it must have 2"),
    "no rows": ("file,violin\n", "has no rows"),
    "empty": ("", "has no rows"),
    "open quote": ('file,violin\n"a.wav,1\n', "is no CSV file in UTF-8"),
    "latin-1": ("file,violin\ncafé.wav,1\n".encode("latin-1"), "is no CSV file in UTF-8"),
    "binary": (bytes(range(256)) * 8, "is no CSV file in UTF-8|no column"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_bad_labels_are_refused_with_their_place(folder, case):
    content, message = BAD_LABELS[case]
    with pytest.raises(BadInput, match=message) as caught:
        labels_from(content, folder)
    assert "labels.csv" in str(caught.value)


def test_a_missing_table_or_folder_is_named(folder):
    with pytest.raises(BadInput, match=r"none\.csv: cannot be read"):
        read_labels(folder / "none.csv", folder, INSTRUMENT_NAMES)
    with pytest.raises(BadInput, match="nowhere: no such folder"):
        read_labels(folder / "none.csv", folder / "nowhere", INSTRUMENT_NAMES)
