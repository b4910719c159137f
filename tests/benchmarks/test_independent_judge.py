"""The independent judge: a checkpoint written here byte by byte, its network's layout, and how it is judged itself."""

import hashlib
import struct
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from benchmarks.taste import independent_judge as judge
from benchmarks.taste import musicnn
from benchmarks.taste.musicnn import BANDS, PATCH, Musicnn, cut, load_variables, log_mel, read_tags, tag_sounds
from benchmarks.taste.tf_checkpoint import DATA, FLOAT, INDEX, MAGIC, read_checkpoint
from reprise.errors import BadInput

INT64 = 9
VARIABLES = {
    "conv2d/bias": np.arange(3, dtype="<f4"),
    "conv2d/kernel": np.arange(300, dtype="<f4").reshape(10, 30),
    "dense/bias": np.array(2.5, "<f4"),
}


# --- a checkpoint


def varint(value: int) -> bytes:
    more, low = divmod(value, 128)
    return bytes([low | 128]) + varint(more) if more else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(entries: list[tuple[bytes, bytes]], compression: int = 0) -> bytes:
    """A block of a LevelDB table in which each key shares with the one before it what it can."""
    content, before = b"", b""
    for key, value in entries:
        shared = next((n for n, (a, b) in enumerate(zip(key, before)) if a != b), min(len(key), len(before)))
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return content + struct.pack("<II", 0, 1) + bytes([compression]) + bytes(4)


def write_checkpoint(folder: Path, dtype: int = FLOAT, compression: int = 0) -> str:
    """`VARIABLES` as a bundle; the sha256 of its data."""
    data, entries = b"", [(b"", field(1, 1))]
    for name, value in VARIABLES.items():
        shape = b"".join(field(2, field(1, size)) for size in value.shape)
        entry = field(1, dtype) + field(2, shape) + field(4, len(data)) + field(5, value.nbytes)
        entries.append((name.encode(), entry + varint(6 << 3 | 5) + bytes(4)))
        data += value.tobytes()
    content = block(entries, compression)
    handles = block([(b"\xff", varint(0) + varint(len(content) - 5))])
    footer = varint(0) + varint(0) + varint(len(content)) + varint(len(handles) - 5)
    table = content + handles + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    (folder / INDEX).write_bytes(table)
    (folder / DATA).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def test_a_checkpoint_is_read_without_tensorflow(tmp_path):
    found = read_checkpoint(tmp_path, write_checkpoint(tmp_path))
    assert found.keys() == VARIABLES.keys()
    for name, value in VARIABLES.items():
        assert found[name].dtype == np.float32 and np.array_equal(found[name], value)


def test_what_is_not_that_checkpoint_is_refused(tmp_path):
    with pytest.raises(BadInput, match="there is no such file; it is part of a TensorFlow checkpoint"):
        read_checkpoint(tmp_path, "")
    sha256 = write_checkpoint(tmp_path)
    with pytest.raises(BadInput, match="its sha256 must be 0123"):
        read_checkpoint(tmp_path, "0123")
    (tmp_path / INDEX).write_bytes((tmp_path / INDEX).read_bytes()[:-1])
    with pytest.raises(BadInput, match="it doesn't end as a LevelDB table does"):
        read_checkpoint(tmp_path, sha256)


@pytest.mark.parametrize(
    ("wrong", "message"), [({"dtype": INT64}, "isn't float32"), ({"compression": 1}, "compressed")]
)
def test_kinds_that_are_not_read_are_refused(tmp_path, wrong, message):
    with pytest.raises(BadInput, match=message):
        read_checkpoint(tmp_path, write_checkpoint(tmp_path, **wrong))


# --- the network


def as_variables(network: Musicnn) -> dict[str, np.ndarray]:
    """The weights of a network as its checkpoint names them and lays them out."""
    suffixes = {"convs": ("kernel", "bias"), "dense": ("kernel", "bias"), "norms": ("gamma", "beta")}
    kinds = {"convs": "conv2d", "dense": "dense", "norms": "batch_normalization"}
    found = {"beta1_power": np.array(0.9, np.float32), "dense/bias/Adam": np.zeros(3, np.float32)}
    for name, tensor in network.state_dict().items():
        modules, place, weight = name.split(".")
        if weight == "num_batches_tracked":
            continue
        running = {"running_mean": "moving_mean", "running_var": "moving_variance"}
        suffix = running.get(weight) or suffixes[modules][weight == "bias"]
        value = tensor.numpy()
        value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T
        found[f"{kinds[modules]}{f'_{place}' if place != '0' else ''}/{suffix}"] = value
    return found


def test_every_variable_finds_its_place(tmp_path):
    torch.manual_seed(0)
    one, other = Musicnn().eval(), Musicnn().eval()
    variables = as_variables(one)
    assert variables["conv2d/kernel"].shape == (7, 38, 1, 204) and variables["dense/kernel"].shape == (1506, 200)
    load_variables(other, variables, tmp_path)
    patches = torch.rand(2, PATCH, BANDS)
    with torch.inference_mode():
        assert torch.equal(one(patches), other(patches)) and one(patches).shape == (2, 50)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda own: own.pop("conv2d_3/bias"), "convs.3.bias"),
        (lambda own: own.update({"conv2d_8/bias": np.zeros(3, np.float32)}), "convs.8.bias"),
        (lambda own: own.update({"something/else": np.zeros(3, np.float32)}), "something/else"),
        (lambda own: own.update({"dense/kernel": np.zeros((200, 1506), np.float32)}), "dense.0.weight"),
    ],
)
def test_a_variable_that_does_not_fit_is_refused(change, name, tmp_path):
    variables = as_variables(Musicnn())
    change(variables)
    with pytest.raises(BadInput, match=f"1 variables are missing, unknown or of another shape, such as '{name}'"):
        load_variables(Musicnn(), variables, tmp_path)


def test_an_even_kernel_sees_one_frame_more_ahead_than_behind():
    """As TensorFlow pads: of 128 taps 63 lie before a frame and 64 behind it, so tap 63 is the frame itself."""
    network = Musicnn().eval()
    with torch.no_grad():
        network.convs[2].weight.zero_()
        network.convs[2].bias.zero_()
        network.convs[2].weight[:, 0, 63] = 1
    x = torch.rand(1, 1, PATCH, BANDS)
    with torch.inference_mode():
        found = network.block(2, x)
    assert found.shape == (1, 51, PATCH)
    assert torch.allclose(found[0, 0], x[0, 0].amax(dim=1) / (1 + musicnn.EPSILON) ** 0.5, atol=1e-5)


# --- what it hears


def test_the_front_end_is_that_of_the_package():
    sound = 0.1 * np.random.default_rng(0).normal(size=3 * musicnn.SAMPLE_RATE).astype(np.float32)
    power = librosa.feature.melspectrogram(y=sound, sr=16000, n_fft=512, hop_length=256, n_mels=96)
    found = log_mel(sound)
    assert found.shape == (188, 96) and found.dtype == np.float32
    assert np.allclose(found[2:-2], np.log10(10_000 * power.T + 1)[2:-2], atol=2e-3)  # half precision; ends differ


def test_a_loud_sound_stays_finite():
    tone = np.sin(np.arange(3 * musicnn.SAMPLE_RATE) * 2 * np.pi * 440 / musicnn.SAMPLE_RATE).astype(np.float32)
    found = log_mel(tone)
    assert np.isfinite(found).all() and found.max() > np.log10(np.finfo(np.float16).max)


def test_patches_lie_side_by_side_and_a_short_sound_is_repeated():
    frames = np.arange(400)[:, None] * np.ones(BANDS)
    patches = cut(frames)
    assert patches.shape == (2, PATCH, BANDS) and patches[1, 0, 0] == PATCH and patches[1, -1, 0] == 2 * PATCH - 1
    assert cut(frames[:100])[0, :, 0].tolist() == [*range(100), *range(87)]


def test_tags_are_read_from_the_package_without_running_it(tmp_path):
    path = tmp_path / "configuration.py"
    path.write_text("raise SystemExit\nMTT_LABELS = ['slow', 'fast']\n")
    assert read_tags(path, "MTT") == ["slow", "fast"]
    with pytest.raises(BadInput, match=r"has no MSD_LABELS; it must be that of musicnn 0\.1\.0"):
        read_tags(path, "MSD")
    with pytest.raises(BadInput, match=r"it is part of the package musicnn 0\.1\.0"):
        read_tags(tmp_path / "nowhere.py", "MTT")


# --- how it is judged


class Level:
    """Hears how loud a sound is, and nothing else."""

    tags = ("loud", "quiet", "violin")

    def likelihoods(self, sound: np.ndarray) -> np.ndarray:
        level = float(np.sqrt(np.mean(sound**2)))
        return np.array([level, 1 - level, 0.5])


def test_a_judge_of_levels_knows_levels_and_no_instruments(monkeypatch):
    monkeypatch.setattr(judge, "PLAYED", {tag: judge.PLAYED[tag] for tag in ("violin", "flute")})
    monkeypatch.setattr(judge, "FONT", "TimGM6mb")
    found = judge.judge_the_judge(Level(), 1)
    assert found.keys() == {"loud", "quiet", "violin"}
    assert found["loud"] == found["quiet"] == {"value": 1.0, "low": 1.0, "high": 1.0, "count": 8}
    assert found["violin"]["value"] == 0.5


def test_known_pieces_are_what_they_are_called():
    rng = np.random.default_rng(0)
    slow = judge.known_piece(judge.Known("cello", "slow", "quiet"), rng)
    fast = judge.known_piece(judge.Known("flute", "fast", "loud"), rng)
    assert (slow.programs, fast.programs) == ((42,), (73,))
    assert slow.tempo_bpm == 60 and set(slow.notes["velocity"]) == {45} and len(slow.notes) == 2 * 12
    assert fast.tempo_bpm == 150 and set(fast.notes["velocity"]) == {115} and len(fast.notes) == 2 * 60
    assert fast.duration_s <= judge.SOUND_S


def test_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    true, false = rng.normal(1, 1, 30).round(1), rng.normal(0, 1, 40).round(1)  # rounded, so that some tie
    found = judge.auc(true, false)
    expected = roc_auc_score([1] * 30 + [0] * 40, [*true, *false])
    assert found["value"] == pytest.approx(expected, abs=1e-4) and found["count"] == 70
    assert found["low"] < expected < found["high"]


def test_tags_are_averaged_by_label():
    scores = tag_sounds(Level(), [("a", np.full(9, 0.5)), ("b", np.full(9, 0.1)), ("c", np.full(9, 0.3))])
    assert isinstance(scores, pd.DataFrame) and list(scores.index) == ["a", "b", "c"]
    found = judge.by_label(scores, ["sour", "sweet", "sour"])
    assert list(found) == ["sour", "sweet"]
    assert found["sour"]["loud"]["value"] == 0.4 and found["sour"]["loud"]["count"] == 2
    assert found["sweet"]["quiet"] == {"value": 0.9, "count": 1}
