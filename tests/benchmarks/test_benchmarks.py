"""The benchmarks' arithmetic, their fairness and their description of a machine; tiny runs of the quick ones.

No test looks at a time: how fast anything is belongs in benchmarks/results.
"""

import json
import os
import socket
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import clone, machine, measure, scaling
from benchmarks.audio import rendering, spectrograms, workers
from benchmarks.recognition import earlier_model
from benchmarks.recognition import leave_one_font_out as leave
from reprise.audio.fonts import FONTS, FontParams, locate
from reprise.audio.params import RenderParams
from reprise.audio.spectrogram import SpectrogramParams
from reprise.checked import build
from reprise.clips.compose import compose_clip
from reprise.clips.params import CeilingParams, ClipParams
from reprise.errors import BadInput
from reprise.params import load_section
from scripts import profile_clone

ROOT = Path(__file__).resolve().parents[2]
SMALL_FONT = "TimGM6mb"


def section(cls, name):
    return load_section(cls, name, ROOT / "params.yaml")


# --- arithmetic


def test_peers_take_turns_on_the_same_work_and_each_begins_in_its_turn():
    seen = []
    peers = {name: lambda work, name=name: seen.append((name, work)) for name in "AB"}
    seconds = measure.take_turns(peers, [1, 2, 3])
    assert seen == [("A", 1), ("B", 1), ("B", 2), ("A", 2), ("A", 3), ("B", 3)]
    assert {name: len(found) for name, found in seconds.items()} == {"A": 3, "B": 3}


def test_a_speedup_is_the_median_of_the_ratios_within_rounds():
    assert measure.speedup([1, 2, 4], [3, 4, 20]) == {"median": 3, "low": 2, "high": 5, "rounds": 3}
    assert measure.per_second([10, 10], [2, 5]) == {"median": 3.5, "low": 2, "high": 5, "rounds": 2}


def test_blocks_share_out_every_item_once_and_evenly():
    assert [list(block) for block in measure.blocks(range(7), 3)] == [[0, 1, 2], [3, 4], [5, 6]]
    assert [list(block) for block in measure.blocks(range(2), 5)] == [[0], [1]]


def test_table_columns_are_aligned():
    assert measure.table(("who", "clips/s"), [("ours", 12.5), ("a peer", 3)]).splitlines() == [
        "who     clips/s",
        "------  -------",
        "ours       12.5",
        "a peer        3",
    ]


def test_a_million_clips_cost_the_larger_run_and_the_slope_beyond_it():
    small = {"seconds": 20.0, "written_bytes": 1e8, "peak_rss_mib": 1000.0, "peak_anonymous_mib": 500.0}
    large = {"seconds": 50.0, "written_bytes": 4e8, "peak_rss_mib": 1030.0, "peak_anonymous_mib": 500.0}
    cost = scaling.at_a_million(small, large, (1000, 4000))
    assert cost["hours"] == pytest.approx((50 + 0.01 * 996_000) / 3600, abs=0.01)
    assert cost["gigabytes"] == pytest.approx(100, abs=0.01)
    assert cost["peak_anonymous_gib"] == round(500 / 1024, 2)
    assert scaling.growth(small, large) == {"peak_rss_mib": 1.03, "peak_anonymous_mib": 1.0}


def test_another_number_of_clips_keeps_the_shares_of_params_yaml():
    clips, params = section(ClipParams, "clips"), section(CeilingParams, "ceiling")
    same_clips, same_params = workers.of_size(clips, params, clips.count)
    assert (same_clips, same_params) == (clips, params)
    half_clips, half_params = workers.of_size(clips, params, clips.count // 2)
    assert half_clips.total == round(clips.total / 2)
    assert half_params.clips == round(params.clips / 2)


# --- the machine


def test_the_description_names_no_host_user_or_path():
    content = machine.describe_machine()
    text = json.dumps(content)
    assert {"cpu", "cores", "memory_gib", "os", "versions"} <= content.keys()
    assert content["cores"] >= 1 and content["memory_gib"] > 0
    assert {"python", "fluidsynth", "torch", "librosa"} <= content["versions"].keys()
    assert str(ROOT) not in text and str(Path.home()) + os.sep not in text
    assert not any(socket.gethostname() == word for word in text.replace('"', " ").split())


def test_results_hold_the_machine_and_the_figures(tmp_path):
    path = machine.write_results("x", {"ratio": 2}, tmp_path)
    content = json.loads(path.read_text())
    assert list(content) == ["machine", "ratio"] and path.name == "x.json"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_is_that_of_the_processes_below():
    assert measure.in_new_process(os.getppid) == os.getpid()
    rss, anonymous = clone.memory_of(os.getpid())
    assert rss >= anonymous > 2**20
    assert clone.memory_of(2**30) == (0, 0)
    assert os.getpid() in clone.descendants(os.getppid())


# --- peers


def test_every_renderer_is_measured_on_a_few_clips():
    clips, params = section(ClipParams, "clips"), section(RenderParams, "rendering")
    composed = [compose_clip(clips, item) for item in range(3)]
    found = rendering.measure_peers(composed, locate(FONTS[SMALL_FONT]), params, clips.duration_s, rounds=2)
    assert {rendering.OURS, rendering.PRETTY_MIDI, rendering.ONE_SYNTH} <= found.keys()
    assert found[rendering.OURS]["audio_s_a_clip"] == clips.duration_s
    assert found[rendering.OURS]["ours_is_faster"] == {"median": 1, "low": 1, "high": 1, "rounds": 2}
    assert all(row["audio_s_a_clip"] > 3 for row in found.values())


def test_without_the_program_its_row_is_left_out(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(rendering.shutil, "which", lambda name: None)
    peers = rendering.make_peers(locate(FONTS[SMALL_FONT]), section(RenderParams, "rendering"), 4.0, tmp_path)
    assert rendering.PROGRAM not in peers
    assert "isn't installed" in capsys.readouterr().out


@pytest.mark.slow
def test_spectrograms_are_compared_with_librosa():
    rng = np.random.default_rng(1)
    samples = [rng.normal(0, 0.1, 22050).astype(np.float32) for _ in range(2)]
    found = spectrograms.measure(samples, 22050, section(SpectrogramParams, "spectrogram"), rounds=2)
    assert found["largest_difference_db"] < 1e-4
    assert found["clips_per_second"].keys() == {spectrograms.OURS, spectrograms.LIBROSA}


# --- the earlier design


def test_the_earlier_network_has_its_856_thousand_parameters():
    network = earlier_model.EarlierNetwork(12)
    assert sum(parameter.numel() for parameter in network.parameters()) == 855_804
    assert network(torch.zeros(2, 1, 400, 400)).shape == (2, 12)


def make_pictures(count):
    """Pictures whose first label is a bright upper half."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (count, 400, 400), dtype=np.uint8)
    labels = np.zeros((count, 12), np.float32)
    labels[::2, 0] = 1
    images[::2, :200] += 150
    return earlier_model.Pictures(images, labels, np.ones(count, int))


def test_one_step_lowers_the_loss_of_the_earlier_design():
    torch.manual_seed(0)
    data, rows = make_pictures(8), np.arange(8)
    network = earlier_model.EarlierNetwork(12)
    for layer in network:
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0
    criterion = nn.BCEWithLogitsLoss(pos_weight=earlier_model.positive_weights(data.labels))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    before = earlier_model.step(network, optimizer, criterion, data, rows)
    assert earlier_model.step(network, optimizer, criterion, data, rows) < before


def test_the_earlier_design_drops_its_rate_at_each_quarter_and_stops_in_time(monkeypatch):
    rates, now = [], iter(range(100))
    monkeypatch.setattr(
        earlier_model,
        "step",
        lambda network, optimizer, *_: rates.append(optimizer.param_groups[0]["lr"]) or 0.5,
    )
    _, training = earlier_model.train(make_pictures(4), 1, 1, False, budget_s=8, clock=lambda: next(now))
    assert rates == pytest.approx([1e-3, 1e-4, 1e-4, 1e-5, 1e-5, 1e-6, 1e-6])  # seconds 1 to 7 of 8
    assert training["epochs"] == 7


def test_class_weights_are_clips_without_over_clips_with():
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    assert earlier_model.positive_weights(labels).tolist() == pytest.approx([3, 1 / 3, 4])


def test_a_picture_is_relative_to_its_loudest_point_and_as_wide_as_the_clip():
    time = np.arange(4 * 22050) / 22050
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    tone[: len(tone) // 2] = 0
    picture = earlier_model.picture(tone, 22050)
    assert picture.shape == (400, 400) and picture.max() > 230
    assert picture[:, :180].max() == 0 and (picture[:, 220:].max(axis=0) > 200).all()
    assert np.abs(picture.astype(int) - earlier_model.picture(tone / 8, 22050)).max() <= 1
    assert picture[:, 300].argmax() > 200  # 440 Hz lies in the lower half


# --- leaving a font out


def test_the_left_out_font_plays_the_unseen_one_and_the_real_one_is_gone():
    fonts = section(FontParams, "fonts")
    for font in fonts.train:
        params = build(FontParams, leave.fonts_without(fonts, font, set(), []), "fonts")
        assert params.unseen == font and set(params.train) == set(fonts.train) - {font}
        assert fonts.unseen not in params.all
        assert leave.fonts_without(fonts, font, set(), ["OPL-3_FM"])["train"] == [*params.train, "OPL-3_FM"]
    with pytest.raises(BadInput, match="not a training font"):
        leave.fonts_without(fonts, fonts.unseen, set(), [])


def test_what_shares_samples_is_left_out_with_its_kin():
    fonts = FontParams(("FluidR3_GM", "MuseScore_General_Lite", "A320U"), "FluidR3_GM", "TimGM6mb")
    assert leave.kin_of("TimGM6mb", ["A320U"]) == {"A320U"}
    left = build(FontParams, leave.fonts_without(fonts, "FluidR3_GM", {"MuseScore_General_Lite"}, []), "fonts")
    assert left.train == ("A320U",) and left.clean == "A320U" and left.unseen == "FluidR3_GM"
    with pytest.raises(BadInput, match="nothing would be left"):
        leave.fonts_without(fonts, "FluidR3_GM", {"MuseScore_General_Lite", "A320U"}, [])


def test_overrides_are_nested_yaml_values():
    changes = leave.parse_overrides(
        ["recognizer.augment.swap_probability=0.3", "recognizer.augment.noise_db=[-80.0, -40.0]"]
    )
    assert changes == {"recognizer": {"augment": {"swap_probability": 0.3, "noise_db": [-80.0, -40.0]}}}


@pytest.mark.parametrize("setting", ["recognizer.epochs", "=3", "a..b=1", "fonts.unseen=x", "clips.seed=1", "a=[1"])
def test_overrides_that_make_no_sense_are_refused(setting):
    with pytest.raises(BadInput, match="--set"):
        leave.parse_overrides([setting])


def test_changes_fit_params_yaml(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text())
    font = section(FontParams, "fonts").train[0]
    args = SimpleNamespace(seed=2, quick=False, clips=500, more=[], set=["recognizer.epochs=3"])
    profile_clone.overlay(path, leave.changes_for(font, set(), args), "test")
    assert load_section(FontParams, "fonts", path).unseen == font
    assert load_section(ClipParams, "clips", path).count == 500
    profile_clone.overlay(path, scaling.changes_for(1000, False), "test")
    assert load_section(ClipParams, "clips", path).count == 1000
